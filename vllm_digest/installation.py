"""Find out where this program was installed from, and how to install the same on another machine.

Source: `direct_url.json` (PEP 610), which installers write unless the program came from an index:
https://packaging.python.org/specifications/direct-url/
"""

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_NAME = "vllm-digest"
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_VERSION = re.compile(r"[0-9][0-9a-z.!]*")
"""A version without a local part (`0.2.0+abc`), which indexes do not accept."""
_ADDRESS = re.compile(r"https://[\w.-]+(:\d+)?/[\w./~%+-]+")
_SUBFOLDER = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Installation:
    """The installed program.

    `label`: version and commit, for messages. `requirement`: the line with which pip installs the same
    elsewhere; empty if that is impossible. `origin`: where it was installed from, for messages.
    """

    label: str
    requirement: str
    origin: str


def installation() -> Installation:
    """Read the installer's record."""
    try:
        found = distribution(_NAME)
    except PackageNotFoundError:
        return Installation("an uninstalled copy", "", "a folder that was never installed")
    version = found.version
    # `direct_url.json` is missing for an installation from an index, as PEP 610 says.
    record = found.read_text("direct_url.json")
    if record is None:
        known = _VERSION.fullmatch(version)
        return Installation(version, f"{_NAME}=={version}" if known else "", "an index")
    try:
        return _direct(version, json.loads(record))
    # The record is written by any of several installers, and by people; no form of it may stop a command.
    except (ValueError, TypeError, AttributeError, KeyError):
        return Installation(version, "", "an unknown place")


def _direct(version: str, record: dict[str, Any]) -> Installation:
    """For an installation from an address: a git commit, or a file on a web server."""
    address = _public(str(record["url"]))
    if vcs := record.get("vcs_info"):
        commit = str(vcs["commit_id"])
        label = f"{version} ({commit[:12]})"
        if address and vcs.get("vcs") == "git" and _COMMIT.fullmatch(commit):
            folder = str(record.get("subdirectory") or "")
            below = f"#subdirectory={folder}" if _SUBFOLDER.fullmatch(folder) else ""
            return Installation(label, f"{_NAME} @ git+{address}@{commit}{below}", address)
        return Installation(label, "", "a repository that only this machine reaches")
    if address and (digest := _sha256(record.get("archive_info") or {})):
        return Installation(version, f"{_NAME} @ {address} --hash=sha256:{digest}", address)
    return Installation(version, "", "a folder or file of this machine")


def _public(address: str) -> str:
    """An https address without user and password; empty for anything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return bare if _ADDRESS.fullmatch(bare) else ""


def _sha256(archive: dict[str, Any]) -> str:
    digest = str((archive.get("hashes") or {}).get("sha256") or "")
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""

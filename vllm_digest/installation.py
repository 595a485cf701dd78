"""Where this program was installed from, and how another machine installs the same.

The installer's record is `direct_url.json` (PEP 610), which is there unless the program came from an index:
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
"""Without a local part (`0.2.0+abc`), which no index takes."""
_ADDRESS = re.compile(r"https://[\w.-]+(:\d+)?/[\w./~%+-]+")
_SUBFOLDER = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Installation:
    """What is installed here.

    label: version and commit as messages name them. requirement: the line by which pip installs the same
    elsewhere, empty if nothing does. origin: where it came from, in words.
    """

    label: str
    requirement: str
    origin: str


def installation() -> Installation:
    """Read what the installer recorded."""
    try:
        found = distribution(_NAME)
    except PackageNotFoundError:
        return Installation("an uninstalled copy", "", "a folder that was never installed")
    version = found.version
    record = found.read_text("direct_url.json")
    if record is None:
        known = _VERSION.fullmatch(version)
        return Installation(version, f"{_NAME}=={version}" if known else "", "an index")
    try:
        return _direct(version, json.loads(record))
    except (ValueError, TypeError, AttributeError, KeyError):
        return Installation(version, "", "an unknown place")


def _direct(version: str, record: dict[str, Any]) -> Installation:
    """What came from an address: a git commit, or a file of the web."""
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
    """An https address without user and password; empty if it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return bare if _ADDRESS.fullmatch(bare) else ""


def _sha256(archive: dict[str, Any]) -> str:
    digest = str((archive.get("hashes") or {}).get("sha256") or "")
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""

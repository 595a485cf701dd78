"""Snapshots as files, the bundled sample among them."""

from importlib.resources import as_file, files
from pathlib import Path

from vllm_digest.files import from_json, to_json, write_together
from vllm_digest.models import Snapshot

FORM = "vllm-digest/snapshot/2"


def save(snapshot: Snapshot, path: Path) -> None:
    write_together({path: to_json(snapshot, FORM)})


def load(path: Path) -> Snapshot:
    """A saved snapshot; DocumentError when the file holds none."""
    return from_json(path, Snapshot, FORM)


def sample() -> Snapshot:
    """One hour of vllm-project/vllm: real numbers, titles, labels, logins and times, texts of our own."""
    with as_file(files("vllm_digest") / "sample.json") as path:
        return load(path)

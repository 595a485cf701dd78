"""The reports in an archive's folder, with their git blob ids."""

from hashlib import sha1
from typing import NamedTuple

from vllm_digest.archive import NEVER, Archive
from vllm_digest.archive.folder import LARGEST
from vllm_digest.documents import read_file
from vllm_digest.place import Place
from vllm_digest.publish.tree import Pair


class LocalReports(NamedTuple):
    """`pairs`: the reports. `damaged`: places whose files are not a report, or only a part of one."""

    pairs: dict[Place, Pair]
    damaged: set[Place]


def local_reports(archive: Archive) -> LocalReports:
    """The reports in an archive's folder, without a check of their contents."""
    found = LocalReports({}, set())
    for repo, series in archive.series():
        listed = archive.listing(repo, series, since=NEVER)
        for window in listed.windows:
            place = Place(repo, series, window)
            stem = f"{archive.root}/{place.stem}"
            found.pairs[place] = Pair(_blob_id(f"{stem}.json"), _blob_id(f"{stem}.md"))
        for window in listed.unfinished:
            place = Place(repo, series, window)
            found.pairs[place] = Pair(_blob_id(f"{archive.root}/{place.stem}.json"))
        found.damaged.update(Place(repo, series, one.window) for one in listed.refused if one.window)
    return found


def _blob_id(path: str) -> str:
    """The id of a file's content as git computes it: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    content = read_file(path, LARGEST, path)
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

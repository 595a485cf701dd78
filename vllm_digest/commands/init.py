"""`vllm-digest init`: a publishing repository laid out, completed or updated."""

import logging
import sys
from pathlib import Path

from vllm_digest.files import write_together
from vllm_digest.installation import Installation, installation
from vllm_digest.options import InitOptions
from vllm_digest.printing import print_product
from vllm_digest.progress import print_next_step
from vllm_digest.publish.layout import PROGRAM, RECORD, FileStatus, LaidOut, compare, is_pinned, new_record
from vllm_digest.runtime import Runtime

log = logging.getLogger(__name__)


def init(_runtime: Runtime, options: InitOptions) -> None:
    """Write missing files, with `--update` also outdated ones that were not edited; print their paths."""
    folder, installed = Path(options.folder), installation()
    for one in compare(folder, installed):
        path = folder / one.place
        # This copy cannot be named in it, so the version that it names stays.
        if one.place == PROGRAM and not installed.requirement and is_pinned(folder):
            continue
        if one.status is FileStatus.MISSING or (options.update and one.status is FileStatus.OUTDATED):
            write_together({path: one.wanted})
            print_product(f"{path}\n")
        elif one.status is not FileStatus.CURRENT:
            _tell_left(path, one, folder)
    record = new_record(folder, compare(folder, installed), installed)
    path = folder / RECORD
    if not path.is_file() or path.read_bytes() != record:
        write_together({path: record})
        print_product(f"{path}\n")
    if not installed.requirement:
        _tell_uninstallable(folder, installed)
    print_next_step(
        f"push {folder} to a repository on GitHub; {folder / 'README.md'} has the three clicks left to do",
        shown=sys.stderr.isatty() and not options.quiet,
    )


def _tell_left(path: Path, one: LaidOut, folder: Path) -> None:
    if one.status is FileStatus.OUTDATED:
        log.warning(
            "%s is left as version %s laid it out; `vllm-digest init --update %s` replaces it",
            *(path, one.by, folder),
        )
    else:
        log.warning("%s is left as it is; it differs from what this version lays out", path)


def _tell_uninstallable(folder: Path, installed: Installation) -> None:
    if is_pinned(folder):
        remedy = "%s is left as it is, and the workflow installs the version that it names"
    else:
        remedy = (
            "put a line `vllm-digest @ git+https://HOST/OWNER/NAME@COMMIT` or `vllm-digest==VERSION` into %s"
        )
    log.warning(
        f"this copy of vllm-digest came from %s, and no other machine can install it from there: {remedy}",
        installed.origin,
        folder / PROGRAM,
    )

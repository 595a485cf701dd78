"""Helpers that write a branch of reports in a bare repository, well-formed or hostile."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import archives
from vllm_digest.archive import document
from vllm_digest.render import render
from vllm_digest.window import TimeWindow

SERIES = Path("reports/vllm-project/vllm/1h/2025/12")
FIRST, SECOND, THIRD, FOURTH = (f"20251210T{hour:02}42Z-20251210T{hour + 1:02}42Z" for hour in (7, 8, 9, 10))
PERSON = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.invalid")


def git(*arguments: str, folder: Path | str = ".", **environ: str) -> str:
    """The output of a git command, run without a user name, home folder or settings."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", **environ},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def write(folder: Path | str, window: str, text: str = "first", *, broken: str = "") -> None:
    """The two files of a report that has a thread with the title `text`. `broken`: text added to its page."""
    for name, content in both(window, text, broken=broken).items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def published(remote: Path, branch: str = "reports") -> dict[str, str]:
    """The files of a branch with their texts."""
    command = ["git", "-C", str(remote), "archive", "--format=tar", branch]
    packed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file}


@cache
def both(window: str, text: str = "first", *, broken: str = "") -> dict[str, str]:
    """The files of a report with their texts."""
    span = TimeWindow.from_slug(window)
    report = archives.report(span, archives.threads(span, [text]))
    page = render(report)
    return {
        f"{SERIES / window}.json": document(report).decode(),
        f"{SERIES / window}.md": page.replace("\n# ", f"\n{broken}\n\n# ", 1) if broken else page,
    }


def commit(remote: Path, change: Callable[[Path], object]) -> None:
    """Commit arbitrary changes to the branch, as another writer."""
    with TemporaryDirectory() as other:
        git("clone", "--quiet", "--branch", "reports", str(remote), other)
        change(Path(other))
        git("add", "--all", folder=other)
        git(*PERSON, "commit", "--quiet", "--message=changed", folder=other)
        git("push", "--quiet", "--force", folder=other)


def withdraw(folder: Path, *windows: str) -> None:
    """Remove the files of reports."""
    for window in windows:
        for suffix in (".md", ".json"):
            (folder / SERIES / f"{window}{suffix}").unlink()


def standing(folder: Path | str) -> dict[str, str]:
    """The files of a folder with their texts."""
    paths = (path for path in Path(folder, "reports").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}

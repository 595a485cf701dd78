"""The path of a report in an archive's folder, on the branch of reports and on a site.

`reports/OWNER/NAME/SERIES/YYYY/MM/START-END`, with `.json` for the data and `.md` for the page. START and END
are the window's ends in UTC, so no two reports have the same path.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import PurePosixPath
from typing import Self

from vllm_digest.errors import UsageError
from vllm_digest.window import LONGEST, TimeWindow, format_length, parse_length

ROOT = "reports"
SAMPLE = "sample"
"""The series of the recorded sample; other series are named by the usual length of their windows."""
ROLL_UPS = {
    "day": timedelta(days=1, hours=2),
    "week": timedelta(days=7, hours=2),
    "month": timedelta(days=31, hours=2),
    "range": timedelta(days=31, hours=2),
}
"""The series of roll-ups with an upper limit of their windows' length: the longest span, plus time for a
clock change of an hour, plus an hour because windows must be shorter than the limit."""
_LEVELS = tuple(
    map(
        re.compile,
        # GitHub's limits are 39 characters for an owner and 100 for a repository; an Enterprise Server's may
        # differ.
        (ROOT, r"[A-Za-z0-9_-]{1,100}", r"[A-Za-z0-9._-]{1,200}", "[a-z0-9]{1,10}", "[0-9]{4}", "[0-9]{2}"),
    )
)
"""Patterns of the names of the folders above a report, from the archive's folder down."""
DEPTH = len(_LEVELS)
_REPO_LEVELS = (1, 2)
"""Indexes in `_LEVELS` of the owner's and the repository's folder."""
_FILE = re.compile(r"([0-9]{8}T[0-9]{4}Z-[0-9]{8}T[0-9]{4}Z)\.(json|md)")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The lower limit of `window.Moment`."""
_LEFT_OUT = re.compile(r"-*[._]")
"""The start of folder names that Jekyll ignores (`.github`, `_site`), and of names escaped from these.

Jekyll also ignores `#` and `~`, which no name at GitHub has: https://jekyllrb.com/docs/structure/
"""
_DOT = re.compile(r"\.(?=-*(?:\.|$))")
"""Dots before another one or at the end, which Jekyll takes out of addresses, or that were parted from it.

https://github.com/jekyll/jekyll/blob/v4.3.3/lib/jekyll/url.rb (`sanitize_url`)
"""
_PARTED_DOT = re.compile(r"\.-(?=-*(?:\.|$))")


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """The place of a report. `repo`: OWNER/NAME as in the settings. `series`: such as `1h`."""

    repo: str
    series: str
    window: TimeWindow

    @property
    def folder(self) -> PurePosixPath:
        """The folder of its series."""
        return series_folder(self.repo, self.series)

    @property
    def stem(self) -> str:
        """The common path of both files without a suffix, as a string with `/`."""
        start = self.window.start
        return f"{self.folder}/{start.year:04}/{start.month:02}/{self.window.slug}"

    @property
    def path(self) -> PurePosixPath:
        """`stem` as a path."""
        return PurePosixPath(self.stem)

    @property
    def data(self) -> PurePosixPath:
        return PurePosixPath(f"{self.stem}.json")

    @property
    def page(self) -> PurePosixPath:
        return PurePosixPath(f"{self.stem}.md")

    @classmethod
    def of(cls, path: str) -> Self:
        """Parse a path (`reports/…/START-END.json`). Raises ValueError, with the reason, if it is invalid."""
        *folders, name = path.split("/")
        if len(folders) != DEPTH or not all(map(is_folder_name, range(DEPTH), folders)):
            raise ValueError("it is not where a report belongs")
        _, owner, repo, series, year, month = folders
        return cls.within(repo_of(owner, repo), series, f"{year}/{month}", name)

    @classmethod
    def within(cls, repo: str, series: str, month: str, name: str) -> Self:
        """The place of a file in the folder of a month (`2025/12`) of a series; raises ValueError as `of`."""
        window = window_of(name)
        if f"{window.start.year:04}/{window.start.month:02}" != month:
            raise ValueError("it is in the folder of another month")
        if window.length >= longest_of(series):
            raise ValueError(f"its window is {window.length} long, too long for the series {series}")
        return cls(repo, series, window)


@cache
def series_folder(repo: str, series: str) -> PurePosixPath:
    """The folder of a series, relative to the archive's folder."""
    owner, _, name = repo.partition("/")
    return PurePosixPath(ROOT, _folder(owner), _folder(name), series)


def repo_of(owner: str, name: str) -> str:
    """The repository (OWNER/NAME) of two folder names."""
    return f"{_name(owner)}/{_name(name)}"


def is_folder_name(level: int, name: str) -> bool:
    """Whether a folder `level` levels below the archive's folder may have this name."""
    if _LEVELS[level].fullmatch(name) is None:
        return False
    return level not in _REPO_LEVELS or name == _folder(_name(name))


def is_report_file(name: str) -> bool:
    """Whether it is the name of a data file or a page."""
    return _FILE.fullmatch(name) is not None


def window_of(name: str) -> TimeWindow:
    """The window in a file's name. Raises ValueError if it has none."""
    match = _FILE.fullmatch(name)
    if match is None:
        raise ValueError("it is not named like a report")
    window = TimeWindow.from_slug(match[1])
    if window.start < _EARLIEST:
        raise ValueError("its window is before 1970")
    return window


@cache
def longest_of(series: str) -> timedelta:
    """The length that all windows of a series are below: late runs add less than half a length (`schedule`).

    Raises ValueError if it is not the name of a series: a length of `format_length`, the sample, a roll-up.
    """
    if series == SAMPLE:
        return LONGEST
    if series in ROLL_UPS:
        return ROLL_UPS[series]
    try:
        length = parse_length(series)
    except UsageError:
        length = timedelta()
    if not timedelta() < length <= LONGEST or format_length(length) != series:
        raise ValueError(f"{series!r} is not a series")
    return length * 1.5


def _folder(name: str) -> str:
    """The folder name of an owner or a repository: names that Jekyll would ignore get the prefix `-`.

    A dot that Jekyll would drop gets a `-` behind it. Names that already look like this get one more `-`, so
    that different names have different folders.
    """
    parted = _DOT.sub(".-", name)
    return f"-{parted}" if _LEFT_OUT.match(parted) else parted


def _name(folder: str) -> str:
    """The inverse of `_folder`."""
    parted = folder[1:] if _LEFT_OUT.match(folder) else folder
    return _PARTED_DOT.sub(".", parted)

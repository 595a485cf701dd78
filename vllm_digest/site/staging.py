"""The folder that Jekyll builds: the site's look, the stored reports, and what is made of them all."""

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from vllm_digest.errors import StorageError, UsageError
from vllm_digest.pagecheck import sections
from vllm_digest.site import search, trends
from vllm_digest.site.calendar import days, missing, moment_label, month_of, months, newest
from vllm_digest.site.entries import Entry, ReportIndex
from vllm_digest.site.html import page

log = logging.getLogger(__name__)

_MARK = ".vllm-digest-staging"
_NEWEST_ROWS = 72
_FEED_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Site:
    """What the settings say of a site.

    `look` is the folder of its layouts and styles, `archive` that of the reports. `repo` and `series` are
    what is reported on a schedule: gaps between its windows are shown.
    """

    look: Path
    archive: Path
    project: str
    focus: str
    repo: str
    series: str
    zone: ZoneInfo


def build_staging(site: Site, index: ReportIndex, target: Path, now: datetime) -> None:
    """Make the folder `target` anew, whole or not at all.

    UsageError when a folder of somebody else stands there, StorageError when it cannot be written.
    """
    if target.exists() and not (target / _MARK).exists():
        raise UsageError(
            f"{target} was not made by this command, which replaces what stands there.",
            "Name another folder with --to, or move that one away.",
        )
    draft = target.with_name(f".{target.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(site.look, draft)
        _reports(site, index, draft)
        for path, text in _made(site, index, now):
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_text(text, encoding="utf-8")
        (draft / _MARK).touch()
        shutil.rmtree(target, ignore_errors=True)
        draft.replace(target)
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} cannot be written: {error.strerror}.", "The reports are untouched."
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _reports(site: Site, index: ReportIndex, draft: Path) -> None:
    """The stored files, each page with what its layout needs to know of its neighbours."""
    for repo, series in index.series:
        entries = index.of(repo, series)
        for entry, earlier, later in zip(entries, (None, *entries[:-1]), (*entries[1:], None), strict=True):
            stem = draft / entry.place
            stem.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile((site.archive / entry.place).with_suffix(".json"), stem.with_suffix(".json"))
            text = (site.archive / entry.place).with_suffix(".md").read_text(encoding="utf-8")
            keys = _keys(entry, earlier, later, site.zone)
            stem.with_suffix(".md").write_text(text.replace("---\n", f"---\n{keys}", 1), encoding="utf-8")


def _keys(entry: Entry, earlier: Entry | None, later: Entry | None, zone: ZoneInfo) -> str:
    keys = {
        "label": moment_label(entry.window, zone),
        "month": month_of(entry, zone),
        "data": f"/{entry.place}.json",
        "last_modified_at": f"{entry.made_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    for name, neighbour in (("earlier", earlier), ("later", later)):
        if neighbour:
            keys[name] = neighbour.url
            keys[f"{name}_label"] = f"{neighbour.window.start.astimezone(zone):%m-%d %H:%M}"
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in keys.items())


def _made(site: Site, index: ReportIndex, now: datetime) -> Iterator[tuple[PurePosixPath, str]]:
    """What is made of all reports together: paths and texts."""
    lost = missing(index, site.repo, site.series)
    every = days((*index.entries, *lost), site.zone)
    by_month = months(every)
    panels = {
        repo: trends.panels([entry for entry in index.entries if entry.repo == repo], site.zone)
        for repo in dict(index.series)
    }
    common: dict[str, Any] = {
        "site": site,
        "several": len(index.series) > 1,
        "latest": index.entries[-1] if index.entries else None,
        "made_at": now,
    }

    def made(template: str, url: str, **values: Any) -> tuple[PurePosixPath, str]:
        path = PurePosixPath(url.lstrip("/"), "index.html" if url.endswith("/") else "")
        return path, page(template, url, site.zone, **common, **values)

    yield (
        PurePosixPath("_data/digest.json"),
        _json({"title": f"{site.project} 开发动态", "focus": site.focus}),
    )
    yield made(
        "start.html.j2", "/", days=newest(every, _NEWEST_ROWS), months=by_month, lost=lost, panels=panels
    )
    yield made("archive.html.j2", "/archive/", months=by_month)
    for month, later, earlier in zip(by_month, (None, *by_month), (*by_month[1:], None), strict=False):
        yield made("month.html.j2", f"/archive/{month.name}/", month=month, earlier=earlier, later=later)
    yield made("trends.html.j2", "/trends/", panels=panels)
    yield made("search.html.j2", "/search/")
    found = search.months(index.entries, site.zone)
    yield PurePosixPath("search/months.json"), _json(list(found))
    for name, part in found.items():
        yield PurePosixPath(f"search/{name}.json"), _json(part)
    for url, name, entries in (
        ("/feed.xml", "", index.entries),
        ("/focus.xml", site.focus, tuple(entry for entry in index.entries if entry.relevant)),
    ):
        items = [_item(site, entry) for entry in reversed(entries[-_FEED_LENGTH:])]
        yield made("feed.xml.j2", url, name=name, items=items, id=_urn(url))


def _item(site: Site, entry: Entry) -> dict[str, Any]:
    """An entry of a feed: its text is the page without the long lists."""
    text = (site.archive / entry.place).with_suffix(".md").read_text(encoding="utf-8")
    return {"entry": entry, "id": _urn(entry.url), "text": sections(text)}


def _urn(url: str) -> str:
    """A name that stays when the site moves to another host."""
    return uuid5(NAMESPACE_URL, f"vllm-digest:{url}").urn


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"

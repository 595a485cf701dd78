"""The reports' pages in each language of a site, put into the folder that Jekyll builds."""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from vllm_digest import archive
from vllm_digest.languages import root_of
from vllm_digest.pagecheck import find_problem, sections, state_paragraph, title_of
from vllm_digest.render import render
from vllm_digest.sections import outline
from vllm_digest.site.calendar import moment_label, month_of
from vllm_digest.site.entries import Entry, Missing, MissingCause, ReportIndex
from vllm_digest.templating import words

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """What the settings say of a site.

    `look`: the folder of its layouts and styles. `archive`: that of the reports.
    `repo`, `series`: what is reported on a schedule; gaps between its windows are shown.
    `languages`: what its pages come in; the first one's stand at the root.
    """

    look: Path
    archive: Path
    project: str
    focus: str
    repo: str
    series: str
    zone: ZoneInfo
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """A site in one language.

    `root`: the path below which its pages stand on the site, see `languages.root_of`.
    `folder`: where they stand in the staging folder.
    `index`: the reports that have a page in it, and those left out.
    """

    language: str
    root: str
    folder: Path
    index: ReportIndex

    def state(self, entry: Entry) -> str:
        """The first paragraph of a report's page, in Markdown."""
        return state_paragraph(self._page(entry))

    def sections(self, entry: Entry) -> str:
        """A report's page without the long lists, in Markdown."""
        return sections(self._page(entry))

    def _page(self, entry: Entry) -> str:
        return _path(self.folder, entry).read_text(encoding="utf-8")


def put_reports(site: Site, index: ReportIndex, draft: Path) -> tuple[Edition, ...]:
    """Put every report's data and its page in each language into the folder `draft`.

    A stored page is taken as it is where it is in the first language; the others are made from the data.
    """
    for entry in index.entries:
        data = (draft / entry.place).with_suffix(".json")
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile((site.archive / entry.place).with_suffix(".json"), data)
    editions = tuple(_edition(site, language, index, draft) for language in site.languages)
    for edition in editions:
        others = {one.language: (one.root, {entry.place for entry in one.index.entries}) for one in editions}
        for repo, series in edition.index.series:
            entries = edition.index.of(repo, series)
            neighbours = zip(entries, (None, *entries[:-1]), (*entries[1:], None), strict=True)
            for entry, earlier, later in neighbours:
                roots = {name: root for name, (root, places) in others.items() if entry.place in places}
                keys = _keys(site, edition, entry, roots)
                keys |= _neighbour(site, edition, "earlier", earlier)
                keys |= _neighbour(site, edition, "later", later)
                _add_keys(_path(edition.folder, entry), keys)
    return editions


def _edition(site: Site, language: str, index: ReportIndex, draft: Path) -> Edition:
    root = root_of(language, site.languages)
    folder = draft / root.lstrip("/")
    entries: list[Entry] = []
    left_out = list(index.left_out)
    for entry in index.entries:
        path = _path(folder, entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not root and entry.language == language:
            shutil.copyfile(_path(site.archive, entry), path)
        elif problem := _make_page(site, entry, language, root, path):
            log.warning("%s has no page in %s: %s", entry.place, language, problem)
            left_out.append(Missing(entry.repo, entry.series, entry.window, MissingCause.SET_ASIDE))
            continue
        entries.append(entry)
    return Edition(language, root, folder, replace(index, entries=tuple(entries), left_out=tuple(left_out)))


def _make_page(site: Site, entry: Entry, language: str, root: str, path: Path) -> str:
    """Write a report's page in a language; why it fails its check if it does, and is not written."""
    report = archive.load((site.archive / entry.place).with_suffix(".json"))
    page = render(report, language, root)
    problem = find_problem(page, outline(report.digest, language))
    if not problem:
        path.write_text(page, encoding="utf-8")
    return problem


def _path(folder: Path, entry: Entry) -> Path:
    return (folder / entry.place).with_suffix(".md")


def _keys(site: Site, edition: Edition, entry: Entry, roots: Mapping[str, str]) -> dict[str, object]:
    """What a report's layout needs to know; `roots` are those of the languages that it has a page in."""
    label = moment_label(entry.window, site.zone, edition.language)
    title = title_of(_path(edition.folder, entry).read_text(encoding="utf-8"))
    return {
        **page_keys(edition.language, entry.url, roots),
        "full_title": words(edition.language).say("site.labelled", title=title, label=label),
        "month": month_of(entry, site.zone),
        "data": f"/{entry.place}.json",
        "last_modified_at": f"{entry.made_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _neighbour(site: Site, edition: Edition, name: str, entry: Entry | None) -> dict[str, object]:
    if entry is None:
        return {}
    label = f"{entry.window.start.astimezone(site.zone):%m-%d %H:%M}"
    return {name: edition.root + entry.url, f"{name}_label": label}


def page_keys(language: str, url: str, roots: Mapping[str, str]) -> dict[str, object]:
    """The front matter of every page: its language, and its addresses by language where there are several.

    `url`: its address below the roots. `roots`: those of the languages that it is in.
    """
    keys: dict[str, object] = {"lang": language}
    return keys | (
        {"alternates": {name: root + url for name, root in roots.items()}} if len(roots) > 1 else {}
    )


def front_matter(keys: Mapping[str, object]) -> str:
    """Keys as lines of YAML, each value as JSON."""
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in keys.items())


def _add_keys(path: Path, keys: Mapping[str, object]) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("---\n", f"---\n{front_matter(keys)}", 1), encoding="utf-8")

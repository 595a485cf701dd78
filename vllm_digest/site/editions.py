"""Write the reports' pages in each language of a site into the folder that Jekyll builds."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from vllm_digest.archive import Archive, document
from vllm_digest.languages import root_of
from vllm_digest.markdown.collapsible import as_stored
from vllm_digest.pagecheck import find_problem, sections, title_of
from vllm_digest.render import render_for_site
from vllm_digest.report import Report
from vllm_digest.sections import outline
from vllm_digest.site.calendar import moment_label, month_of, span_label
from vllm_digest.site.entries import Entry, Missing, MissingCause, ReportIndex, read
from vllm_digest.site.related import Related, related_reports
from vllm_digest.templating import words

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """The settings of a site.

    `theme`: the folder of its layouts and styles.
    `repo`, `series`: the scheduled series, in which gaps between windows are shown.
    `languages`: codes of the languages of its pages; pages of the first one are at the root.
    """

    theme: Path
    project: str
    focus: str
    repo: str
    series: str
    zone: ZoneInfo
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """A site in one language.

    `root`: the URL path of its pages, see `languages.root_of`. `folder`: their folder in the staging folder.
    `index`: the reports that have a page in this language, and those left out.
    """

    language: str
    root: str
    folder: Path
    index: ReportIndex

    def sections(self, entry: Entry) -> str:
        """A report's page without the long lists, in Markdown."""
        return sections(as_stored(self._page(entry)))

    def _page(self, entry: Entry) -> str:
        return _path(self.folder, entry).read_text(encoding="utf-8")


def put_reports(site: Site, archive: Archive, draft: Path, stories: Collection[int]) -> tuple[Edition, ...]:
    """Write every report's data and its page in each language into the folder `draft`.

    Both are made from the validated reports; stored pages are not read. `stories`: numbers of the threads
    that have a page on the site.
    """
    first, *others = site.languages
    lacking: dict[str, set[PurePosixPath]] = {language: set() for language in others}

    def put(report: Report, page: str) -> None:
        stem = draft / report.place
        stem.parent.mkdir(parents=True, exist_ok=True)
        stem.with_suffix(".json").write_bytes(document(report))
        stem.with_suffix(".md").write_text(page, encoding="utf-8")
        for language in others:
            page = render_for_site(report, language, root_of(language, site.languages), stories)
            if problem := _put_page(
                report, page, language, draft / root_of(language, site.languages).lstrip("/")
            ):
                log.warning("%s has no page in %s: %s", report.place, language, problem)
                lacking[language].add(report.place)

    index = read(archive, first, site.zone, put, stories)
    editions = (
        _edition(site, first, index, draft, set()),
        *(_edition(site, language, index, draft, lacking[language]) for language in others),
    )
    for edition in editions:
        _join(site, edition, editions)
    return editions


def _put_page(report: Report, page: str, language: str, folder: Path) -> str:
    """Write a report's page if it passes its check; return the problem found, empty if there is none."""
    problem = find_problem(as_stored(page), outline(report.digest, language))
    if not problem:
        path = (folder / report.place).with_suffix(".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return problem


def _edition(
    site: Site, language: str, index: ReportIndex, draft: Path, lacking: Collection[PurePosixPath]
) -> Edition:
    root = root_of(language, site.languages)
    entries = tuple(entry for entry in index.entries if entry.place not in lacking)
    lost = (entry for entry in index.entries if entry.place in lacking)
    left_out = [Missing(one.repo, one.series, one.window, MissingCause.SET_ASIDE) for one in lost]
    shown = replace(index, entries=entries, left_out=(*index.left_out, *left_out))
    return Edition(language, root, draft / root.lstrip("/"), shown)


def _join(site: Site, edition: Edition, editions: Sequence[Edition]) -> None:
    """Add to each page's front matter the links to its neighbours, related reports and translations."""
    known = {one.language: (one.root, {entry.place for entry in one.index.entries}) for one in editions}
    repos = {repo for repo, _ in edition.index.series}
    related_of = {
        repo: related_reports(entry for entry in edition.index.entries if entry.repo == repo)
        for repo in repos
    }
    for repo, series in edition.index.series:
        entries = edition.index.of(repo, series)
        for entry, earlier, later in zip(entries, (None, *entries[:-1]), (*entries[1:], None), strict=True):
            roots = {name: root for name, (root, places) in known.items() if entry.place in places}
            keys = _keys(site, edition, entry, roots)
            keys |= _neighbour(site, edition, "earlier", earlier)
            keys |= _neighbour(site, edition, "later", later)
            keys |= _related_keys(site, edition, entry, related_of[repo][entry.place])
            _add_keys(_path(edition.folder, entry), keys)


def _path(folder: Path, entry: Entry) -> Path:
    return (folder / entry.place).with_suffix(".md")


def _keys(site: Site, edition: Edition, entry: Entry, roots: Mapping[str, str]) -> dict[str, object]:
    """The front matter of a report's page. `roots`: root by language, for the languages that it has a page
    in."""
    label = moment_label(entry.window, site.zone, edition.language)
    title = title_of(_path(edition.folder, entry).read_text(encoding="utf-8"))
    return {
        **page_keys(edition.language, entry.url, roots),
        "full_title": words(edition.language).say("site.labelled", title=title, label=label),
        "month": month_of(entry, site.zone),
        "data": f"/{entry.place}.json",
        # jekyll-sitemap writes it as `lastmod`.
        "last_modified_at": f"{entry.made_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _neighbour(site: Site, edition: Edition, name: str, entry: Entry | None) -> dict[str, object]:
    if entry is None:
        return {}
    label = f"{entry.window.start.astimezone(site.zone):%m-%d %H:%M}"
    return {name: edition.root + entry.url, f"{name}_label": label}


def _related_keys(site: Site, edition: Edition, entry: Entry, found: Related) -> dict[str, object]:
    """The links to containing and contained reports, as [URL, label].

    A report of less than a day links to its day in the archive's calendar if no report contains it.
    """
    zone = site.zone
    day = f"{entry.window.start.astimezone(zone):%Y-%m-%d}"
    within = [(edition.root + one.url, _span(one, day, zone)) for one in found.within]
    if not within and entry.window.length < timedelta(days=1):
        within = [(f"{edition.root}/archive/{month_of(entry, zone)}/#{day}", day)]
    return {
        "span": span_label(entry.window, zone),
        "within": [list(one) for one in within],
        "parts": [[edition.root + one.url, _part(one, zone)] for one in found.parts],
    }


def _span(entry: Entry, day: str, zone: ZoneInfo) -> str:
    return span_label(entry.window, zone) or day


def _part(entry: Entry, zone: ZoneInfo) -> str:
    start = entry.window.start.astimezone(zone)
    return f"{start:%m-%d}" if entry.window.length >= timedelta(days=1) else f"{start:%H:%M}"


def page_keys(language: str, url: str, roots: Mapping[str, str]) -> dict[str, object]:
    """The front matter of every page: its language, and its URLs by language if there are several.

    `url`: its URL path below the roots. `roots`: root by language, for the languages that it is in.
    """
    keys: dict[str, object] = {"lang": language}
    return keys | (
        {"alternates": {name: root + url for name, root in roots.items()}} if len(roots) > 1 else {}
    )


def front_matter(keys: Mapping[str, object]) -> str:
    """Keys as lines of YAML, each value as JSON.

    JSON is YAML as well, and in its quotes a title cannot end the value or add a key.
    """
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in keys.items())


def _add_keys(path: Path, keys: Mapping[str, object]) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("---\n", f"---\n{front_matter(keys)}", 1), encoding="utf-8")

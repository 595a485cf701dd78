"""Render a report as Markdown in a language, with the templates.

Every value that a template prints is escaped, unless it is `Markup`, which means finished Markdown here.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from vllm_digest.digest import highlights
from vllm_digest.judgement import Relevance, TopicWords
from vllm_digest.languages import LANGUAGES
from vllm_digest.markdown import collapsible
from vllm_digest.markdown.escaping import Safe, code, escape, link, literal, yaml_text
from vllm_digest.markdown.figures import around_figure
from vllm_digest.markdown.prose import inline
from vllm_digest.markdown.titles import listed_title, nested, quoted_title
from vllm_digest.narrative import Brief, BriefPart, Evidence, FocusNote, Narrative, OverviewPart
from vllm_digest.place import Place
from vllm_digest.report import Digest, Report, ThreadRow
from vllm_digest.sections import LISTS, by_model, day, sections_of, title
from vllm_digest.templating import Words, environment, words
from vllm_digest.window import local_minute

if TYPE_CHECKING:
    from vllm_digest.templating import Environment

_STORY = "↳"
"""The text of a link to a thread's page on the site."""
_NAMED = re.compile(r"(?<![\w/&#])#([1-9]\d{0,6})\b")
"""A thread that a text names: `#30488`."""


def render(
    report: Report, language: str = LANGUAGES[0], root: str = "", stories: Collection[int] = ()
) -> str:
    """The page of a report: front matter and Markdown. The same report gives the same bytes.

    `root`: path prefix of the language's pages on the site, see `languages.root_of`.
    `stories`: numbers of the threads with a page on the site; mentions of them get a second link to it.
    """
    return collapsible.tidy(collapsible.as_stored(render_for_site(report, language, root, stories)))


def render_for_site(
    report: Report, language: str = LANGUAGES[0], root: str = "", stories: Collection[int] = ()
) -> str:
    """The page for the site, with collapsible notes and an anchor for each thread."""
    zone = ZoneInfo(report.timezone)
    digest = report.digest
    relevant = digest.relevant(Relevance.YES)
    lists = digest.lists.items()
    threads = {thread.number: thread for thread in digest.threads}
    address = _Addresses(digest)
    page = _environment(language).get_template("report.md.j2")
    return collapsible.tidy(
        page.render(
            report=report,
            digest=digest,
            title=title(report, language),
            day=Markup(day(report)),
            permalink=f"{root}/{report.place}/",
            sections=sections_of(digest),
            counts={name: len(numbers) for name, numbers in lists.items()},
            lists={name: [threads[number] for number in numbers] for name, numbers in lists.items()},
            time_in=lambda name, thread: LISTS[name](thread),
            focus=digest.focus.name,
            relevant=relevant,
            groups=highlights.by_event(relevant),
            top=highlights.most_important(digest.threads, highlights.TOP),
            state_changes=lambda row: highlights.state_changes(row, digest.window),
            verdict_of=highlights.verdict_counts(digest),
            usage=highlights.usage_rows(digest),
            told_above={*digest.shown_hot, *digest.changes},
            knows_bugs=any(thread.is_bug for thread in digest.threads),
            change=lambda name: _signed(len(lists[name]) - report.before[0].counts[name]),
            median=lambda name: _number(median(one.counts[name] for one in report.before)),
            page_link=lambda place: posixpath.relpath(f"/{place}", f"/{report.place}") + "/",
            ledger=_by_topic(relevant, digest.focus.topics),
            hardware=_most_named(relevant),
            passing=digest.relevant(Relevance.PASSING),
            near_misses=[t for t in digest.relevant(Relevance.NONE) if t.judgement.reasons],
            thread=threads.__getitem__,
            by_model=by_model(report, language),
            model=_ModelTexts(report.narrative, language, address),
            fallbacks=report.narrative.fallbacks_in(language),
            untold=report.narrative.missing_texts(language),
            address=address,
            ref=partial(_ref, address=address, stories=stories, here=f"/{report.place}"),
            quote=partial(_quote, address=address),
            minute=lambda moment: Markup(local_minute(moment, zone)),
            clock=lambda moment: Markup(f"{moment.astimezone(zone):%m-%d %H:%M}"),
            place=_Anchors(),
            first_told=_FirstReport(report, zone),
            links_of=lambda number: [one for one in digest.links if number in (one.source, one.target)],
            figures=lambda text: _quote(around_figure(text), address),
        ).rstrip("\n")
        + "\n"
    )


class _Addresses:
    """Returns the address of a thread at GitHub by its number."""

    def __init__(self, digest: Digest) -> None:
        self.repo_url = digest.repo_url
        self._known = {thread.number: thread.url for thread in digest.threads}

    def __call__(self, number: int) -> str:
        # GitHub redirects from an issue's address to the pull request with that number.
        return self._known.get(number, f"{self.repo_url}/issues/{number}")


class _Anchors:
    """Returns an anchor for the first item of a page about a thread, and nothing for later ones."""

    def __init__(self) -> None:
        self._marked: set[int] = set()

    def __call__(self, number: int) -> Markup:
        if number in self._marked:
            return Markup()
        self._marked.add(number)
        return Markup(collapsible.anchor(number))


class _FirstReport:
    """Returns the first report that described a thread, at the first place of a page that describes it."""

    def __init__(self, report: Report, zone: ZoneInfo) -> None:
        self._left = {one.number: one.place for one in report.told_before}
        self._zone = zone

    def __call__(self, number: int) -> "_Earlier | None":
        place = self._left.pop(number, None)
        if place is None:
            return None
        start = Place.of(f"{place}.json").window.start
        return _Earlier(f"{start.astimezone(self._zone):%Y-%m-%d}", place)


class _Earlier(NamedTuple):
    """An earlier report for templates. `day`: of its window's start. `place`: as `Report.place`."""

    day: str
    place: str


class _Sentence(NamedTuple):
    """A finding for templates. `title`: plain text, may be empty. `text`: rewritten Markdown."""

    title: str
    text: Markup


class _Position(NamedTuple):
    """A `narrative.Position` for templates. `text`: rewritten Markdown."""

    stance: str
    login: str
    url: str
    text: Markup


class _Gain(NamedTuple):
    """A measured effect: a model's text, rewritten, and the quote that supports it."""

    text: Markup
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _ModelTexts:
    """The model's texts for templates; empty where rules write instead."""

    narrative: Narrative
    language: str
    address: _Addresses

    def text(self, number: int, part: str) -> Markup:
        """The text of a part of a thread's brief. `part`: value of `narrative.BriefPart`."""
        return self._written(self._brief(number).text(BriefPart(part), self.language))

    def positions(self, number: int) -> list[_Position]:
        return [
            _Position(
                one.stance(self.language), one.login, one.url, self._written(one.said.text(self.language))
            )
            for one in self._brief(number).positions_in(self.language)
        ]

    def focus(self, number: int) -> FocusNote | None:
        return self._brief(number).focus

    def gain(self, number: int) -> _Gain | None:
        text = self.text(number, BriefPart.GAIN)
        return _Gain(text, self._brief(number).statements[BriefPart.GAIN].evidence[0]) if text else None

    def findings(self, section: str) -> list[_Sentence]:
        """The findings of a section. `section`: value of `narrative.OverviewPart`."""
        return [
            _Sentence(one.title(self.language), self._written(one.text(self.language)))
            for one in self.narrative.overview.findings_of(OverviewPart(section), self.language)
        ]

    def _brief(self, number: int) -> Brief:
        return self.narrative.brief(number) or Brief(number)

    def _written(self, text: str) -> Markup:
        return Markup(inline(text, repo_url=self.address.repo_url, address=self.address))


def _by_topic(threads: Sequence[ThreadRow], topics: Sequence[TopicWords]) -> dict[str, list[ThreadRow]]:
    """The threads by topic key, those without a topic (empty key) last; without empty groups."""
    keys = (*(topic.key for topic in topics), "")
    grouped = {key: [t for t in threads if t.judgement.topic == key] for key in keys}
    return {key: rows for key, rows in grouped.items() if rows}


def _ref(number: int, address: "_Addresses", stories: Collection[int], here: str) -> Markup:
    """A link to a thread at GitHub, and one to its page on the site if it has one. `here`: of this page."""
    there = Markup(link(f"#{number}", address(number)))
    if number not in stories:
        return there
    return there + Markup(f" [{_STORY}]({posixpath.relpath(f'/threads/{number}', here)}/)")


def _quote(text: str, address: "_Addresses") -> Markup:
    """An untrusted text in quotation marks, with links for the threads it names."""
    pieces = _NAMED.split(nested(text))
    shown = [
        link(f"#{piece}", address(int(piece))) if place % 2 else _with_spaces(piece)
        for place, piece in enumerate(pieces)
    ]
    return Markup(f"“{''.join(shown).strip()}”")


def _with_spaces(text: str) -> str:
    """The text escaped, keeping one space at each end that has white space."""
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{before}{escape(text, at_start=False)}{after}" if text.strip() else " " * bool(text)


def _number(value: float) -> Markup:
    return Markup(f"{value:g}")


def _signed(difference: int) -> Markup:
    return Markup(f"{difference:+d}".replace("-", "−"))


def _most_named(threads: Iterable[ThreadRow]) -> list[str]:
    """The hardware that threads name, that of most threads first."""
    names: dict[str, str] = {}
    named = (name for thread in threads for name in thread.judgement.hardware)
    counted = Counter(names.setdefault(name.casefold(), name) for name in named)
    return [name for name, _ in counted.most_common()]


@cache
def _environment(language: str) -> "Environment":
    # autoescape does not escape HTML here: it makes macros return Markup, which _finalize does not escape.
    pages = environment(language, autoescape=True, finalize=_finalize)
    said = words(language)
    pages.globals |= {
        "fill": lambda key, **values: Markup(said.fill(key, values, own=_plain, other=_finalize)),
        "most_important": highlights.most_important,
        "numeral": lambda number: _numeral(said, number),
        "fold": lambda kind, key, **values: Markup(collapsible.start_tag(kind, said.say(key, **values))),
        "unfold": Markup(collapsible.CLOSED),
    }
    pages.filters |= {
        "code": lambda text: Markup(code(text)),
        "inline": lambda text: Markup(escape(text, at_start=False)),
        "link": lambda text, url: Markup(link(text, url)),
        "percent": lambda count, total: Markup(_percent(count, total)),
        "mark": lambda text: Markup(collapsible.topic_mark(Safe(_finalize(text)))),
        "title": lambda text: Markup(quoted_title(text)) or said.say("untitled"),
        "listed": lambda text: Markup(listed_title(text)) or said.say("untitled"),
        "yaml": lambda text: Markup(yaml_text(text)),
    }
    return pages


def _finalize(value: object) -> Markup:
    match value:
        case Markup():
            return value
        case Safe():
            return Markup(value)
        case str():
            return Markup(escape(value))
        case int():
            return Markup(str(value))
    raise TypeError(f"a template prints {value!r}, which is not text")


def _percent(count: int, total: int) -> str:
    """A share in whole percent; `≤1%` and `≥99%` where rounding would make none or all of it."""
    share = f"{count / total:.0%}"
    return "≤1%" if count and share == "0%" else "≥99%" if count < total and share == "100%" else share


def _plain(text: str) -> str:
    return literal(text, at_start=False)


def _numeral(said: Words, number: int) -> str:
    """A number as a word if the language's `numerals` have one, else in digits."""
    numerals = said.tree["numerals"]
    return str(numerals[number]) if number < len(numerals) else str(number)

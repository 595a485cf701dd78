"""Report → Markdown, through the templates.

Every value a template prints is escaped for its place on the page, unless it was made to be Markdown: a
title cannot act because somebody forgot a filter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from markupsafe import Markup

from vllm_digest.judgement import Relevance, TopicWords
from vllm_digest.markdown.escaping import Safe, code, escape, link, yaml_text
from vllm_digest.markdown.prose import inline
from vllm_digest.narrative import Brief
from vllm_digest.report import Report, ThreadFacts
from vllm_digest.sections import by_model
from vllm_digest.templating import Environment, environment
from vllm_digest.window import local_minute

_MANY = 6
"""Threads of the focus from which on they are grouped by topic."""
_MOST_HARDWARE = 5
_LANGUAGE = "zh"


def render(report: Report) -> str:
    """The page, whole: front matter and Markdown. The same report gives the same bytes."""
    zone = ZoneInfo(report.timezone)
    digest = report.digest
    threads = {thread.number: thread for thread in digest.threads}
    relevant = digest.relevant(Relevance.YES)
    lists = digest.lists.items()
    day = f"{digest.window.start.astimezone(zone):%Y-%m-%d}"

    def address(number: int) -> str:
        # GitHub leads from an issue's address to the pull request of that number.
        return threads[number].url if number in threads else f"{digest.repo_url}/issues/{number}"

    page = _environment().get_template("report.md.j2")
    return (
        page.render(
            report=report,
            digest=digest,
            title=f"{digest.project} 开发动态报告 - {day}",
            day=Markup(day),
            permalink=f"/{report.place}/",
            counts={name: len(numbers) for name, numbers in lists.items()},
            lists={name: [threads[number] for number in numbers] for name, numbers in lists.items()},
            relevant=relevant,
            ledger=_by_topic(relevant, digest.focus.topics),
            hardware=_most_named(relevant),
            passing=digest.relevant(Relevance.PASSING),
            near_misses=[t for t in digest.relevant(Relevance.NONE) if t.judgement.reasons],
            thread=threads.__getitem__,
            language=_LANGUAGE,
            by_model=by_model(report, _LANGUAGE),
            overview=report.narrative.overview,
            brief=lambda number: report.narrative.brief(number) or Brief(number),
            said=lambda text: inline(text, repo_url=digest.repo_url, address=address),
            address=address,
            minute=lambda moment: Markup(local_minute(moment, zone)),
        ).rstrip("\n")
        + "\n"
    )


def _by_topic(threads: Sequence[ThreadFacts], topics: Sequence[TopicWords]) -> dict[str, list[ThreadFacts]]:
    """The threads by their topic's key, those of none last; all under none where few or of one topic."""
    keys = (*(topic.key for topic in topics), "")
    grouped = {key: [t for t in threads if t.judgement.topic == key] for key in keys}
    filled = {key: rows for key, rows in grouped.items() if rows}
    return filled if len(threads) >= _MANY and len(filled) > 1 else {"": list(threads)}


def _most_named(threads: Iterable[ThreadFacts]) -> list[str]:
    """The hardware that most of the threads name."""
    names: dict[str, str] = {}
    named = (name for thread in threads for name in thread.judgement.hardware)
    counted = Counter(names.setdefault(name.casefold(), name) for name in named)
    return [name for name, _ in counted.most_common(_MOST_HARDWARE)]


@cache
def _environment() -> Environment:
    # autoescape is not for HTML: it makes macros give Markup, which _finalize lets through.
    pages = environment(autoescape=True, finalize=_finalize)
    pages.filters |= {
        "code": lambda text: Markup(code(text)),
        "inline": lambda text: Markup(escape(text, at_start=False)),
        "link": lambda text, url: Markup(link(text, url)),
        "percent": lambda count, total: Markup(f"{count / total:.0%}"),
        "span": _span,
        "title": lambda text: Markup(escape(text, at_start=False) or "（无标题）"),
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
    raise TypeError(f"a template prints {value!r}, which is no text")


def _span(length: timedelta) -> str:
    """A length of time in words: `90 分钟`, `24 小时`, `7 天`."""
    minutes = length // timedelta(minutes=1)
    if minutes % 60:
        return f"{minutes} 分钟"
    return (
        f"{minutes // 60} 小时" if minutes <= 24 * 60 or minutes % (24 * 60) else f"{minutes // 24 // 60} 天"
    )

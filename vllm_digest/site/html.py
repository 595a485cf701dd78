"""Render the site's own pages: HTML and XML in which every value is escaped, for Liquid as well."""

import posixpath
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from vllm_digest.digest.highlights import verdict_counts
from vllm_digest.judgement import Relevance
from vllm_digest.markdown.outline import to_html, to_inline_html
from vllm_digest.report import Digest
from vllm_digest.site.calendar import clock_label, moment_label
from vllm_digest.templating import environment, words
from vllm_digest.window import TimeWindow, local_minute

if TYPE_CHECKING:
    from vllm_digest.templating import Environment


def page(template: str, url: str, zone: ZoneInfo, language: str, **values: Any) -> str:
    """A page of the site as input for Jekyll, with front matter.

    `url`: its URL path below the root of its language; its links are relative to it.
    """

    def href(target: str) -> str:
        """The relative URL of another page; absolute ones would depend on the folder that the site is served
        from."""
        way = posixpath.relpath(target, posixpath.dirname(url))
        return f"{way}/" if target.endswith("/") else way

    def clock(window: TimeWindow) -> str:
        return clock_label(window, zone, language)

    def moment(window: TimeWindow) -> str:
        return moment_label(window, zone, language)

    def minute(at: datetime) -> str:
        return local_minute(at, zone)

    def local(at: datetime, form: str) -> str:
        return f"{at.astimezone(zone):{form}}"

    def weekday(at: datetime) -> str:
        return weekday_name(at, zone, language)

    functions = {
        "href": href,
        "clock": clock,
        "moment": moment,
        "minute": minute,
        "local": local,
        "weekday": weekday,
    }
    made = _environment(language).get_template(f"pages/{template}")
    return made.render(url=url, **functions, **values)


def weekday_name(at: datetime, zone: ZoneInfo, language: str) -> str:
    """The name of the local weekday in a language."""
    return str(words(language).tree["weekdays"][at.astimezone(zone).weekday()])


def verdict_line(digest: Digest, language: str) -> Markup:
    """One sentence that sums up a digest, as HTML."""
    template = _environment(language).get_template("verdict.j2")
    relevant = digest.relevant(Relevance.YES)
    values = {
        "verdict_of": verdict_counts(digest),
        "digest": digest,
        "focus": digest.focus.name,
        "relevant": relevant,
    }
    return Markup(" ".join(template.render(values).split()))


@cache
def _environment(language: str) -> "Environment":
    pages = environment(language, autoescape=True, finalize=_finalize)
    pages.globals["say"] = lambda key, **values: Markup(
        words(language).fill(key, values, own=_finalize, other=_finalize)
    )
    pages.filters |= {
        "html": lambda markdown: Markup(_inert(to_html(markdown))),
        "inline_html": lambda markdown: Markup(_inert(to_inline_html(markdown))),
        # For feeds, which hold HTML as text.
        "html_as_text": to_html,
        # For Liquid of our own templates, which is the only Liquid that may run.
        "liquid": Markup,
        "rfc3339": lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return pages


def _finalize(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(_inert(str(escape(value))))


def _inert(html: str) -> str:
    """HTML with `{` as a character reference, so that Liquid does not interpret it.

    `{% raw %}` around a text would not do: a text can contain `{% endraw %}`.
    """
    return html.replace("{", "&#123;")

"""Pages of threads and of hardware, as complete HTML that Jekyll only copies.

There can be thousands of them; without front matter they cost Jekyll almost no time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from vllm_digest.digest.voices import remark_url
from vllm_digest.follow_ups import Outcome
from vllm_digest.judgement import Relevance
from vllm_digest.narrative import Evidence
from vllm_digest.site.editions import Site
from vllm_digest.site.html import page
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.values import Story
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow

_DAYS = 2
"""Calendar days with reports of a thread from which it has a page; watched threads always have one."""
_MOST = 200
"""Maximum number of threads on a page of hardware, which would otherwise grow with the archive."""
_NAME = re.compile(r"[^a-z0-9]+")


class _Sentence(NamedTuple):
    """A statement of a report about a thread, in one language."""

    text: str
    place: str
    window: TimeWindow
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class ThreadPages:
    """The pages of a repository's threads and hardware in one language.

    `roots`: root by language, see `languages.root_of`.
    """

    site: Site
    language: str
    roots: Mapping[str, str]
    numbers: frozenset[int]

    def of(self, story: Story) -> tuple[PurePosixPath, str]:
        """The page of a thread."""
        told = [
            _Sentence(text, one.appearance.place, one.appearance.window, one.statement.evidence)
            for one in story.told
            if (text := one.statement.text(self.language))
        ]
        repo_url = story.url.rsplit("/", 2)[0]
        return self._page(
            "thread.html.j2",
            thread_address(story.facts.number),
            story=story,
            told=told,
            outcome=self._outcome,
            remark=lambda event: remark_url(event, story.url),
            # GitHub redirects from here to `/pull/` if the number is that of a pull request.
            thread_url=lambda number: f"{repo_url}/issues/{number}",
        )

    def of_hardware(self, name: str, stories: list[Story]) -> tuple[PurePosixPath, str]:
        """The page of hardware: its threads, those with the latest events first."""
        newest = sorted(stories, key=lambda story: story.facts.events[-1].at, reverse=True)[:_MOST]
        address = hardware_address(name)

        def link_to(number: int) -> str:
            return f"../../threads/{number}/" if number in self.numbers else ""

        return self._page("hardware.html.j2", address, name=name, stories=newest, link_to=link_to)

    def _outcome(self, outcome: Outcome) -> str:
        said = words(self.language)
        by = f"#{outcome.by}" if outcome.by else said.say("another")
        return said.say(f"outcomes.{outcome.kind.value}", by=by)

    def _page(self, template: str, url: str, **values: Any) -> tuple[PurePosixPath, str]:
        root = self.roots[self.language]
        depth = (root + url).strip("/").count("/") + 1
        text = page(
            template,
            url,
            self.site.zone,
            self.language,
            site=self.site,
            words=words(self.language).tree,
            top=partial(_from_top, depth),
            alternates=self._alternates(url),
            **values,
        )
        return PurePosixPath((root + url).lstrip("/"), "index.html"), text

    def _alternates(self, url: str) -> list[dict[str, str]]:
        """The URL path of a page in each language, if there are several."""
        trees = {language: words(language).tree for language in self.roots}
        return [
            {"tag": trees[language]["tag"], "name": trees[language]["name"], "url": root + url}
            for language, root in self.roots.items()
            if len(self.roots) > 1
        ]


def thread_address(number: int) -> str:
    """The permanent URL path of a thread's page, such as `/threads/30382/`."""
    return f"/threads/{number}/"


def hardware_address(name: str) -> str:
    """The URL path of a page of hardware, such as `/hardware/mi300x/`."""
    return f"/hardware/{_NAME.sub('-', name.casefold()).strip('-')}/"


def paged_numbers(index: StoryIndex, repo: str) -> frozenset[int]:
    """Numbers of the threads with a page: in reports of two calendar days, or ever watched."""
    numbers = {one.number for one in index.threads(repo) if one.days >= _DAYS}
    for series in index.series(repo):
        watching = index.watch_list(repo, series)
        numbers |= {*watching.open, *(ended.entry.number for ended in watching.ended)}
    return frozenset(numbers)


def thread_files(
    site: Site, index: StoryIndex, numbers: frozenset[int], roots: Mapping[str, str]
) -> Iterator[tuple[PurePosixPath, str]]:
    """The pages of these threads and of all hardware in every language."""
    pages = [ThreadPages(site, language, roots, numbers) for language in roots]
    hardware: dict[str, tuple[str, list[Story]]] = {}
    for story in index.stories(site.repo, sorted(numbers | index.relevant(site.repo))):
        facts = story.facts
        if facts.number in numbers:
            yield from (one.of(story) for one in pages)
        if facts.judgement.relevance is Relevance.YES:
            for name in facts.judgement.hardware:
                hardware.setdefault(hardware_address(name), (name, []))[1].append(story)
    for name, stories in hardware.values():
        yield from (one.of_hardware(name, stories) for one in pages)


def _from_top(depth: int, path: str) -> str:
    return "../" * depth + path.lstrip("/")

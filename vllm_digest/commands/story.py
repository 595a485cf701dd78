"""`vllm-digest story`: print what the archive has about a thread."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from vllm_digest.cleaning import clean_line
from vllm_digest.errors import UsageError, counted
from vllm_digest.options import StoryOptions
from vllm_digest.printing import print_json, print_product
from vllm_digest.runtime import Runtime, resolve
from vllm_digest.stories.document import story_document
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.values import Story
from vllm_digest.window import local_minute


def story(runtime: Runtime, options: StoryOptions) -> None:
    """Print a thread's story, with `--json` as one JSON object. Raises UsageError if no report has it."""
    setup = resolve(runtime, options)
    # `isdigit` alone accepts `²` as well, which `int` does not.
    if not options.number.lstrip("#").isascii() or not options.number.lstrip("#").isdigit():
        raise UsageError(f"{options.number!r} is not a thread's number.", "Write `story 30382`.")
    number = int(options.number.lstrip("#"))
    repo = setup.settings.github.repo
    with StoryIndex(setup.archive) as index:
        found = index.story(repo, number)
    if found is None:
        raise UsageError(f"No stored report of {repo} has #{number}.", "Look at --repo and --output.")
    if options.as_json:
        print_json(story_document(found))
    else:
        zone = setup.settings.report.timezone
        print_product("".join(f"{line}\n" for line in _lines(story_document(found), found, zone)))


def _lines(told: dict[str, Any], found: Story, zone: ZoneInfo) -> Iterator[str]:
    facts = found.facts
    yield f"#{facts.number} {clean_line(facts.title)} ({facts.state.value})"
    yield found.url
    for event in facts.events:
        yield f"  {local_minute(event.at, zone)}  {event.kind.value} by {clean_line(event.login)}"
    yield f"in {counted(len(found.appearances), 'report')}:"
    for appearance in found.appearances:
        yield f"  {appearance.series}  {appearance.place}"
    for one in found.told:
        text = next(iter(one.statement.texts.values()))
        yield f"said in {one.appearance.place} ({one.part.value}): {clean_line(text)}"
    if found.watched:
        yield f"watched since {local_minute(found.watched.since, zone)}: {found.watched.kind.value}"
    for ended in found.ended:
        by = f" by #{ended.outcome.by}" if ended.outcome.by else ""
        at = local_minute(ended.outcome.at, zone)
        yield f"watched for {ended.entry.kind.value}: {ended.outcome.kind.value}{by}, {at}"
    for hole in told["holes"]:
        yield f"nothing is stored from {hole['start']} to {hole['end']}"

"""Read a data file as untrusted input. Later code relies on the shape and the links that are checked here."""

import re
from collections.abc import Iterator
from pathlib import Path

from vllm_digest.archive.folder import LARGEST
from vllm_digest.archive.form import FORM, StoredReport
from vllm_digest.digest import FORMULAS
from vllm_digest.documents import parse_json, read_file, value_in
from vllm_digest.errors import DocumentError, UsageError
from vllm_digest.models import State
from vllm_digest.place import Place
from vllm_digest.report import Lists
from vllm_digest.window import parse_zone

_IT = "it"
_LONGEST = 20_000
"""Bytes of one text. GitHub's titles have up to 256 characters, excerpts and sentences some hundred."""
_REPO_URL = re.compile(r"https?://[^/\s?#@\\]+(/[A-Za-z0-9._-]+){2,6}")
"""Pages append `/issues/NUMBER` to it, so it has no query and no fragment; a user in front of the host could
make it look like another host."""
_LISTS = frozenset(Lists.__dataclass_fields__)
_NAMED_THREAD = re.compile(r"[0-9]{1,15}\..*", re.DOTALL)


def why_no_report(content: bytes, place: Place) -> str:
    """Why the content of a data file is not the report of a place; empty if it is."""
    try:
        stored_in(content, place)
    except DocumentError as error:
        return error.problem.removesuffix(".")
    return ""


def with_path(error: DocumentError, path: Path) -> DocumentError:
    """An error of `read_stored` with the file's path in place of "it"."""
    told = error.problem
    problem = f"{path}{told.removeprefix(_IT)}" if told.startswith(_IT) else f"{path}: {told}"
    return DocumentError(problem, error.remedy)


def place_of(path: Path) -> Place | None:
    """The place in an archive that the end of a path names; None if it names none."""
    try:
        return Place.of("/".join(path.absolute().parts[-7:]))
    except ValueError:
        return None


def read_stored(path: Path, place: Place | None) -> StoredReport:
    """Read a data file. Raises DocumentError if it is not a report of `place`; None allows any place."""
    return stored_in(read_file(path, LARGEST, _IT), place)


def stored_in(content: bytes, place: Place | None) -> StoredReport:
    """Parse the content of a data file. Raises DocumentError as `read_stored` does."""
    stored = value_in(parse_json(content, _IT, _LONGEST), StoredReport, FORM, _IT)
    if why := next(_disagreements(stored, place), ""):
        raise DocumentError(f"{why}.")
    return stored


def _disagreements(stored: StoredReport, place: Place | None) -> Iterator[str]:
    """Contradictions within a report, or between it and its place, as messages."""
    facts = stored.facts
    said = Place(stored.repo, stored.series, facts.window)
    if place is not None and said != place:
        yield f"it is the report of {said.path} and stored at another path"
    # Both names of a renamed repository end up in paths and commands.
    try:
        Place.of(str(said.data))
        Place.of(str(Place(facts.repo, stored.series, facts.window).data))
    except ValueError as error:
        yield f"it has no valid path: {error}"
    if _REPO_URL.fullmatch(facts.repo_url) is None:
        yield "facts.repo_url is not the address of a repository"
    try:
        parse_zone(stored.timezone)
    except UsageError as error:
        yield error.problem.removesuffix(".")
    if stored.rules.formula not in FORMULAS:
        yield f"rules.formula is {stored.rules.formula}, which this version does not know"
    numbers = [thread.number for thread in facts.threads]
    if len(set(numbers)) < len(numbers) or min(numbers, default=1) < 1:
        yield "facts.threads has a number twice, or one below 1"
    yield from _in_the_rows(stored)
    yield from _in_the_narrative(stored, set(numbers))
    yield from _in_what_looks_back(stored)


def _in_the_rows(stored: StoredReport) -> Iterator[str]:
    """Fields of a thread that pages show together, so that they must be present together."""
    for thread in stored.facts.threads:
        ended = {
            State.OPEN: thread.created_at,
            State.CLOSED: thread.closed_at,
            State.MERGED: thread.merged_at,
        }
        counts = (thread.additions, thread.deletions, thread.changed_files)
        if ended[thread.state] is None:
            yield f"facts.threads does not say when #{thread.number} was {thread.state}"
        if None in counts and counts != (None, None, None):
            yield f"facts.threads has only some of the change counts of #{thread.number}"


def _in_the_narrative(stored: StoredReport, numbers: set[int]) -> Iterator[str]:
    briefs = stored.narrative.briefs
    if unknown := {brief.number for brief in briefs} - numbers:
        yield f"narrative.briefs has #{min(unknown)}, which is not one of its threads"
    if not all(position.said.evidence for brief in briefs for position in brief.positions):
        yield "narrative.briefs has a position without evidence"
    findings = (one for found in stored.narrative.overview.findings.values() for one in found)
    names = (name for finding in findings for name in finding.statements)
    if any(_NAMED_THREAD.fullmatch(name) is None for name in names):
        yield "narrative.overview has evidence that is not a statement"


def _in_what_looks_back(stored: StoredReport) -> Iterator[str]:
    links = [("follow_ups", one.place) for one in stored.follow_ups]
    links += [("told_before", one.place) for one in stored.told_before]
    for name, place in links:
        try:
            Place.of(f"{place}.json")
        except ValueError:
            yield f"{name} links to {place[:100]!r}, which is not the path of a report"
    if any(set(period.counts) != _LISTS for period in stored.before):
        yield "before counts other lists than a page has"

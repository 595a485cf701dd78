"""Extract claims about the states of threads from English sentences; wishes and conditions are skipped."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import THIS, Claimed, Noun, StateClaim

_SENTENCES = re.compile(r"(?<=[.!?])\s+|[;\n]")
_CLAUSES = re.compile(r",\s+|\s+(?:but|while|whereas|although|though)\s+")
_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b", re.ASCII)

_TRUNK = r"(?:main|master|trunk|upstream|the main branch|the tree)"
# Not "merged into one kernel" or "merged with main", which describe what code does.
_MERGED = re.compile(
    r"\b(?P<aux>has (?:been|now been|since been|already been)|have (?:both |all )?been"
    r"|was|were(?: both| all)?|is|are(?: both| all)?|got"
    r"|has|had been|have)\s(?:now |since |already |both |all |finally |eventually "
    r"|successfully |then )*(?P<not>not (?:yet |been )*|never (?:been )?)?(?:been )?"
    r"(?:now |already )?(?P<verb>merged|landed)\b(?! (?:two|three|the two|both|into (?:a|one)|with))",
    re.IGNORECASE,
)
_ACTIVE = re.compile(
    rf"\b(?:landed|went|is now|made it|merged)\s(?:in|into|to|on)\s{_TRUNK}\b|\bmerged (?:this"
    rf"|the) (?:PR|change|pull request|fix)\b"
    r"|\bmerged (?=#\d)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^\s*(?:and|then)?\s*merged\b|\band (?:then )?merged(?: it)?\s*(?=$|[.)])", re.IGNORECASE
)
# Not "open to suggestions", "open source" or "open question".
_OPEN = re.compile(
    r"\b(?:is|are|remains?|stays?|was left|still|kept)\s(?:still |currently |now "
    r"|both )*(?:open\b(?! (?:to|for|source|question))|under review|in review"
    r"|unmerged|awaiting (?:merge|review)"
    r"|waiting (?:for|on) (?:a )?(?:merge|review)|pending(?: merge| review)?(?=$|[.)]))"
    r"|\b(?:is|has|was) not (?:yet )?(?:been )?(?:closed|merged)\b|\bhas yet to be (?:merged|closed)\b",
    re.IGNORECASE,
)
# Not "closed form" or "closed source".
_CLOSED = re.compile(
    r"\b(?:has (?:now |since |already )?been|was|is|were|are|got|have been) (?:now "
    r"|already |then |automatically |both |all )*closed\b(?! (?:over|under|form"
    r"|source|loop))"
    r"|\bclosed (?:this|the) (?:issue|PR|pull request|RFC|thread)\b|\bclosed (?=#\d)"
    r"|\b(?:was|has been) (?:abandoned|withdrawn)\b",
    re.IGNORECASE,
)
_NOT_MERGED = re.compile(r"\b(?:not (?:yet )?(?:been )?|to be )merged", re.IGNORECASE)
_REOPENED = re.compile(r"\b(?:was|has been|got|is) (?:then |later |now )?reopened\b", re.IGNORECASE)
_REVERTED = re.compile(
    r"\b(?:was|has been|got|were|is) (?:later |then |since |now )?(?:reverted|rolled back)\b", re.IGNORECASE
)

# Before the verb: the clause is a wish, a plan or a condition, and claims nothing.
_UNREAL = re.compile(
    r"\b(?:if|until|unless|before|should|would|could|can|may|might"
    r"|will|to be|must|need|needs|want|wants|asks?|asked|suggest\w*|propos\w*"
    r"|hop\w+|plan\w*|whether|expects?|expected|going to|ready to|for it to)\b",
    re.IGNORECASE,
)
_HAPPENED = re.compile(r"\b(?:was|were|has|have|had|got)\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:once|when|after)\b", re.IGNORECASE)
"""With a past tense it gives a time, else a condition."""
_EARLIER = re.compile(
    r"\b(?:previously|earlier|first|at first|initially|had|used to|for (?:a|some) time|long)\b", re.IGNORECASE
)
# A clause with one of these before the verb may be about something other than the thread.
_OTHER = re.compile(
    r"\b(?:items?|list|checklist|entries|other|others|another|related|previous"
    r"|earlier|prerequisite|upstream|follow-?up|companion|similar|each|every|some"
    r"|several"
    r"|many|two|three|half|flag|option|switch|feature|default|file|socket|connection"
    r"|branch(?:es)?|kernels?|latter|former|projects?|window)\b",
    re.IGNORECASE,
)
_ISSUE = re.compile(r"\b(?:issue|RFC|report|bug)\b", re.IGNORECASE)
_PULL = re.compile(r"\b(?:PR|pull request|change|fix|patch|it|code|check|this)\b", re.IGNORECASE)


_DONE_BY = re.compile(
    r"\b(?:fixed|solved|resolved) (?:by|in|with) #(?P<by>\d{1,7})"
    r"|#(?P<number>\d{1,7}) (?:has (?:already )?)?(?:fixed|solved|resolved)\b",
    re.IGNORECASE,
)
"""A problem that a thread has fixed: implies that the change is merged."""


def states(text: str) -> Iterator[StateClaim]:
    """The claims of definite statements, clause by clause."""
    for sentence in _SENTENCES.split(text):
        for done in _DONE_BY.finditer(sentence):
            if not _UNREAL.search(sentence[: done.start()]):
                number = int(done["by"] or done["number"])
                yield StateClaim(done[0], Claimed.MERGED, ((number,),))
        earlier: list[int] = []
        named_itself = False
        for clause in _CLAUSES.split(sentence):
            for claimed, found in _claims(clause):
                meant, noun = _subject(clause, found, tuple(earlier), named_itself)
                if meant:
                    yield StateClaim(clause.strip(), claimed, meant, noun)
            earlier += [int(number) for number in _REFERENCE.findall(clause)]
            named_itself |= bool(re.search(r"\bthis (?:PR|issue|RFC|pull request)\b", clause, re.IGNORECASE))


_BY_PATTERN = (
    (_CLOSED, Claimed.CLOSED),
    (_REOPENED, Claimed.REOPENED),
    (_REVERTED, Claimed.REVERTED),
)


def _claims(clause: str) -> Iterator[tuple[Claimed, re.Match[str]]]:
    if merge := _merge(clause):
        yield merge
    for pattern, claimed in _BY_PATTERN:
        found = pattern.search(clause)
        # "was closed earlier" and "closed, then reopened" do not give the current state.
        history = claimed is Claimed.CLOSED and (_EARLIER.search(clause) or "reopened" in clause)
        if found and _is_real(clause, found) and not history:
            yield claimed, found
    found = _OPEN.search(clause)
    if found and _is_real(clause, found) and not _EARLIER.search(clause):
        yield (Claimed.UNMERGED if _NOT_MERGED.search(found[0]) else Claimed.OPEN), found


def _is_real(clause: str, found: re.Match[str]) -> bool:
    """Whether it is a definite statement, neither a wish nor a condition."""
    before = clause[: found.start()]
    if _WHEN.search(before) and not _HAPPENED.search(found[0]):
        return False
    return not _UNREAL.search(before)


def _merge(clause: str) -> tuple[Claimed, re.Match[str]] | None:
    """The claim of a clause about a merge, with its match; None if it makes none."""
    if found := _MERGED.search(clause):
        if found["not"]:
            return None if _EARLIER.search(clause) else (Claimed.UNMERGED, found)
        # The subject of "has merged" is a person; the subject of "has landed" is the change.
        happened = found["aux"].lower() not in {"has", "have"} or found["verb"].lower() == "landed"
        return (Claimed.MERGED, found) if happened and _is_real(clause, found) else None
    found = _ACTIVE.search(clause) or _AFTER.search(clause)
    return (Claimed.MERGED, found) if found and _is_real(clause, found) else None


def _subject(
    clause: str, found: re.Match[str], earlier: tuple[int, ...], named_itself: bool
) -> tuple[tuple[tuple[int, ...], ...], Noun]:
    """The possible subjects of a claim as in `StateClaim.meant`, and its noun; no subjects if unclear."""
    before, after = clause[: found.start()], clause[found.end() :]
    numbers = tuple(int(number) for number in _REFERENCE.findall(before))
    if numbers:
        itself = re.search(
            r"\b(?:this|the) (?:PR|issue)\s+and\b|\band (?:this|the) (?:PR|issue)\b", before, re.IGNORECASE
        )
        return ((*((THIS,) if itself else ()), *numbers),), Noun.ANY
    if follows := re.match(r"\s*#(\d{1,7})", after):
        return ((int(follows[1]),),), Noun.ANY
    if _OTHER.search(before):
        return (), Noun.ANY
    noun = Noun.ISSUE if _ISSUE.search(before + found[0]) else Noun.ANY
    noun = (
        Noun.PULL
        if noun is Noun.ANY and re.search(r"\b(?:PR|pull request|patch)\b", before + found[0], re.IGNORECASE)
        else noun
    )
    # A longer subject without any such noun is something else: "the connection to the server was closed".
    if noun is Noun.ANY and before.strip() and not _PULL.search(before) and len(before.split()) > 4:
        return (), Noun.ANY
    readings: tuple[tuple[int, ...], ...] = ((THIS,),)
    if earlier and noun is Noun.ANY:
        readings = (*readings, earlier) if named_itself else (earlier, (THIS,))
    return readings, noun

"""Extract names of people and who-did-what claims from English sentences."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import THIS, Act, ActClaim, Naming, Noun

_LOGIN = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}"
"""GitHub's rule for logins: letters, digits and single hyphens, 39 characters at most."""
# What somebody "agrees" or "replies" to may be from somebody else; what somebody "reports" is their own.
_ORIGIN_VERBS = (
    r"suggests?|suggested|proposes?|proposed|asks?|asked|reports?|reported|points? out"
    r"|pointed out|measures?|measured"
    r"|reproduces?|reproduced|requests?|requested|finds?|found"
)
_SAYS = (
    rf"{_ORIGIN_VERBS}|says?|said|thinks?|thought|argues?|argued|wonders?|wondered|notes?|noted|confirms?|confirmed"
    r"|explains?|explained|adds? that|added that|objects?|objected|disagrees?"
    r"|disagreed|agrees?|agreed|replies|replied"
    r"|answers?|answered|mentions?|mentioned|reminds?|reminded|prefers?|preferred"
    r"|questions?|questioned|doubts?|doubted"
    r"|insists?|insisted|claims?|claimed"
)
_DOES = r"approves?|approved|submits?|submitted|contributes?|contributed"
# A word before one of the verbs, where a name can be: "ann-dev also suggested".
_SUBJECT = re.compile(
    rf"(?<![A-Za-z0-9_/.#`'-])(?P<login>{_LOGIN})\s(?:also |then |later |first "
    rf"|initially |originally |again |explicitly )?(?:(?P<says>{_SAYS})|{_DOES})\b"
)
# A word where only a name can be: "reviewer ann", "reported by ann".
_ROLE = re.compile(
    r"\b(?:user|contributor|author|maintainer|reviewer|submitter|reporter|member)"
    rf"\s\(?(?P<login>{_LOGIN})(?![\w.-])(?=\s|[,.)])"
    r"|\b(?:reported|merged|closed|submitted|fixed|opened|raised|proposed|contributed)"
    rf" by (?P<by>{_LOGIN})(?![\w.-])"
)
OPENER = re.compile(r"\b(?:author|submitter|reporter|opener)\b", re.IGNORECASE)
_NAME_LIKE = re.compile(r"[\d-]")
"""Any word may precede a verb; one with a digit or a hyphen is a login."""
_ASIDE = re.compile(r"\b(?:after|when|once|since|as|because|before|until)\s?$", re.IGNORECASE)
"""Before a subordinate clause, which says when or why somebody else did something."""
_CLAUSES = re.compile(r"[.!?;\n]\s|,\s|\s(?:but|while|whereas)\s")

_VERBS = {
    Act.MERGED: r"merged|merges",
    Act.CLOSED: r"closed|closes",
    Act.APPROVED: r"approved|approves",
    Act.REOPENED: r"reopened|reopens",
    Act.OPENED: r"submitted|submits|opened|opens",
}
_ANY_VERB = "|".join(_VERBS.values())
_BY = re.compile(
    rf"\b(?:(?P<first>{_ANY_VERB}) and )?(?P<verb>{_ANY_VERB}) by (?P<login>{_LOGIN})(?![\w-])", re.IGNORECASE
)
_ACTIVE = re.compile(
    rf"(?<![A-Za-z0-9_/.#`'-])(?P<login>{_LOGIN})\s(?:then |later |also |himself "
    rf"|herself |finally |has |already )*(?:(?P<first>{_ANY_VERB}) and (?:then )?)?"
    rf"(?P<verb>{_ANY_VERB})\s(?:#(?P<number>\d{{1,7}})|(?P<noun>(?:this|the) (?:PR"
    rf"|pull request|issue|RFC|patch|change)|it)\b)"
)
_BOT = re.compile(
    r"\b(?P<verb>closed|merged) (?:automatically )?by (?:the |a )?(?:[\w-]+ )?bot\b"
    r"|\b(?:was|got|been) automatically (?P<verb2>closed)\b|\bauto-?(?P<verb3>closed)\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b", re.ASCII)
# Before a verb: the clause is a denial, a condition or a wish, and claims nothing.
_UNREAL = re.compile(
    r"\b(?:not|never|if|once|until|unless|should|would|could|may|might|will|to be"
    r"|whether|before|asks?|wants?|hopes?)\b",
    re.IGNORECASE,
)


def namings(text: str) -> Iterator[Naming]:
    """The words at positions of a person's name, clause by clause."""
    for clause in _CLAUSES.split(text):
        for found in _SUBJECT.finditer(clause):
            aside = _ASIDE.search(clause[: found.start()])
            is_name = _NAME_LIKE.search(found["login"]) is not None
            is_origin = re.fullmatch(_ORIGIN_VERBS, found["says"] or "") is not None
            yield Naming(found["login"], bool(found["says"]) and not aside, clause, is_origin, is_name)
        for found in _ROLE.finditer(clause):
            login = found["login"] or found["by"]
            yield Naming(login, False, clause, False, _NAME_LIKE.search(login) is not None)


def acts(text: str) -> Iterator[ActClaim]:
    """Claims about who merged, closed, approved, reopened or opened a thread."""
    for clause in _CLAUSES.split(text):
        # "the stale bot" is no login; GitHub's fields tell only whether a bot did it.
        if found := _BOT.search(clause):
            act = Act.MERGED if (found["verb"] or "").lower() == "merged" else Act.CLOSED
            yield ActClaim(clause.strip(), act, "", _number(clause[: found.start()]), _noun(clause))
            continue
        for found in (*_BY.finditer(clause), *_ACTIVE.finditer(clause)):
            before = clause[: found.start()]
            # The last words only: an earlier "if" or "will" is about something else.
            if _UNREAL.search(before[-24:]):
                continue
            number = int(found.groupdict().get("number") or 0) or (
                _number(before) if found.re is _BY else THIS
            )
            noun = _noun(found[0] if found.re is _ACTIVE else before)
            for verb in filter(None, (found["first"], found["verb"])):
                # Questions and points can be opened or submitted as well.
                if _act(verb) is not Act.OPENED or number or noun is not Noun.ANY:
                    yield ActClaim(found[0], _act(verb), found["login"], number, noun)


def _act(verb: str) -> Act:
    return next(act for act, verbs in _VERBS.items() if verb.lower() in verbs.split("|"))


def _noun(text: str) -> Noun:
    if re.search(r"\b(?:issue|RFC)\b", text, re.IGNORECASE):
        return Noun.ISSUE
    return Noun.PULL if re.search(r"\b(?:PR|pull request|patch)\b", text, re.IGNORECASE) else Noun.ANY


def _number(text: str) -> int:
    found = _REFERENCE.search(text)
    return int(found[1]) if found else THIS

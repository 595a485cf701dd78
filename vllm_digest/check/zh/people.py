"""Extract names of people and who-did-what claims from Chinese sentences."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import THIS, Act, ActClaim, Naming, Noun

_LOGIN = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}"
"""GitHub's rule for logins, as in `check.en.people`."""
_ORIGIN_VERBS = r"指出|建议|提出|报告|反馈|主张|要求|询问|追问|测得|实测|复现|提议"
_SAYS = (
    rf"{_ORIGIN_VERBS}|认为|表示|确认|反对|同意|质疑|回应|回复|解释|补充|承认|强调|提醒|坚持|称|说(?!法)"
    r"|提到|说明"
)
_DOES = r"提交|批准|贡献|修复"
# A Latin word before one of the verbs is a name: Chinese has no Latin words of its own.
_SUBJECT = re.compile(
    rf"(?<![A-Za-z0-9_/.#`-])({_LOGIN})[）)]?\s?(?:也|则|均|都|随后|明确|进一步"
    rf"|最初|已|起初|先|后来|在[^，。；]{{1,24}}上)?"
    rf"(?:(?P<says>{_SAYS})|{_DOES}|(?P<found>(?:用|在|以)[^，。；]{{1,24}}?(?:后"
    rf"|上|中|下|时)?\s?(?:确认|测得|实测|复现|验证|报告)))"
)
_ROLE = re.compile(
    rf"(?:用户|贡献者|作者|维护者|评审者|审阅者|提交者|报告者|参与者|成员)\s?[（(]?\s?({_LOGIN})(?![\w.-])"
    rf"|由\s?({_LOGIN})\s?(?=提出|报告|关闭|合并|提交|修复|发起|创建|主导|贡献)"
)
OPENER = re.compile(r"作者|提交者|提交方|报告者|报告人|提问者")
_CLAUSES = re.compile(r"[。；！？\n，,]")

_VERBS = {
    Act.MERGED: r"合并|合入",
    Act.CLOSED: r"关闭|关掉",
    Act.APPROVED: r"批准",
    Act.REOPENED: r"重新打开|重开",
    Act.OPENED: r"提交|提出|发起|创建",
}
_ANY_VERB = "|".join(_VERBS.values())
_NOUNS = {"PR": Noun.PULL, "补丁": Noun.PULL, "Issue": Noun.ISSUE, "RFC": Noun.ISSUE}
_OPENED = {
    "提交": ("PR", "Issue", "补丁", "改动", "修改"),
    "提出": ("Issue", "RFC"),
    "发起": ("PR", "RFC"),
    "创建": ("PR", "Issue"),
}
_BY = re.compile(
    rf"(?:由|被|经)\s?(?:作者|提交者|报告者|评审者|维护者|用户)?\s?(?P<login>{_LOGIN})\s?(?:(?:随后"
    rf"|最终|自行|亲自|正式)?(?P<first>{_ANY_VERB})(?:并"
    rf"|后|、))?"
    rf"(?:随后|最终|自行|亲自|正式)?(?P<verb>{_ANY_VERB})(?![者人])"
)
_ACTIVE = re.compile(
    rf"(?<![A-Za-z0-9_/.#`-])(?P<login>{_LOGIN})\s?(?:在[^，。；]{{1,20}}[上中里])?\s?(?:(?:验证"
    rf"|确认|测试|核对|复现|批准|认可)之?后)?"
    rf"(?:随后|最终|自行|亲自|已经?|当即|之后|也|于是|便)*\s?"
    rf"(?:(?P<first>{_ANY_VERB})(?:后|并|之后|、)\s?(?:亲自|随后|自行|当即)?)?"
    rf"(?P<verb>{_ANY_VERB})了?\s?(?P<object>的?\s?(?:(?:该|本|此|这[一个项次份])\s?(?P<noun>PR"
    rf"|Issue|RFC|补丁|改动|修改|修复|方案)?|(?P<bare>PR|Issue|RFC)(?![A-Za-z的]))"
    rf"|的?\s?#(?P<number>\d{{1,7}}))"
)
# Without an object: what is approved is the pull request.
_APPROVED = re.compile(
    rf"(?<![A-Za-z0-9_/.#`-])(?P<login>{_LOGIN})\s?(?:随后|最终|也|均|都)?(?:已经?)?批准(?:了"
    rf"|后|之后|(?=$|[，、]))"
)
_AUTHOR = re.compile(rf"(?:^|[，。；、（(\s由但而请被])(?:提交者|作者)\s?(?P<login>{_LOGIN})(?![\w.-])")
"""Excludes co-authors and authors of other threads."""
_BOT = re.compile(
    r"(?:由|被)[^，。；]{0,10}(?:机器人|bot)\s?(?:自动)?(?P<verb>关闭|合并)|(?:被"
    r"|已|而)\s?自动(?P<verb2>关闭)|自动关闭了?\s?$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b", re.ASCII)
_UNREAL = re.compile(r"未|没有|不|是否|若|如果|待|等(?!级)|希望|建议|请|计划|打算|准备|将|会|应当?|可以")


def namings(text: str) -> Iterator[Naming]:
    """The words at positions of a person's name, clause by clause."""
    for clause in _CLAUSES.split(text):
        for found in _SUBJECT.finditer(clause):
            says = bool(found["says"] or found["found"])
            is_origin = found["found"] or re.fullmatch(_ORIGIN_VERBS, found["says"] or "")
            yield Naming(found[1], says and not _is_aside(clause, found), clause, bool(is_origin))
        for found in _ROLE.finditer(clause):
            yield Naming(found[1] or found[2], False, clause, False)


def _is_aside(clause: str, found: re.Match[str]) -> bool:
    """Whether the clause only says when or why somebody else did something, as in 在 X 质疑之后."""
    return bool(re.search(r"(?:在|经|应|按|待|当|随着|因|针对|对于|基于)\s?$", clause[: found.start()]))


def acts(text: str) -> Iterator[ActClaim]:
    """Claims about who merged, closed, approved, reopened or opened a thread."""
    for clause in _CLAUSES.split(text):
        yield from _active(clause)
        yield from _passive(clause)
        if found := _BOT.search(clause):
            act = Act.MERGED if found["verb"] == "合并" else Act.CLOSED
            yield ActClaim(clause.strip(), act, "", _number(clause[: found.start()]))


def _passive(clause: str) -> Iterator[ActClaim]:
    for found in _BY.finditer(clause):
        before = clause[: found.start()]
        if _UNREAL.search(before[-6:]):
            continue
        noun = Noun.ISSUE if re.search(r"Issue|RFC", before) else Noun.ANY
        noun = Noun.PULL if re.search(r"\bPR\b", before) else noun
        after = re.match(r"\s?(?:了|的)\s?#(\d{1,7})", clause[found.end() :])
        number = int(after[1]) if after else _number(before)
        for verb in filter(None, (found["first"], found["verb"])):
            if _act(verb) is not Act.OPENED or number or noun is not Noun.ANY:
                yield ActClaim(found[0], _act(verb), found["login"], number, noun)


def _active(clause: str) -> Iterator[ActClaim]:
    for found in _ACTIVE.finditer(clause):
        if _UNREAL.search(clause[max(0, found.start() - 4) : found.start()]):
            continue
        number = int(found["number"] or THIS)
        noun = _NOUNS.get(found["noun"] or found["bare"] or "", Noun.ANY)
        for verb in filter(None, (found["first"], found["verb"])):
            # Proposals and questions can be "opened" as well; the object must be called a thread.
            if _act(verb) is not Act.OPENED or number or found["noun"] in _OPENED.get(verb, ()):
                yield ActClaim(found[0], _act(verb), found["login"], number, noun)
    for found in _APPROVED.finditer(clause):
        yield ActClaim(found[0], Act.APPROVED, found["login"], _number(clause[found.end() :]))
    for found in _AUTHOR.finditer(clause) if not _REFERENCE.search(clause) else ():
        yield ActClaim(found[0], Act.OPENED, found["login"], THIS)


def _act(verb: str) -> Act:
    return next(act for act, verbs in _VERBS.items() if verb in verbs.split("|"))


def _number(text: str) -> int:
    found = _REFERENCE.search(text)
    return int(found[1]) if found else THIS

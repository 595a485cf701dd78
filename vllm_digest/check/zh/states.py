"""Extract claims about the states of threads from Chinese sentences.

Wishes, conditions and clauses with an unclear subject are skipped. The verb of a merge must be at the end of
its clause, with a word that says it happened: `合并` with an object describes what code does.
"""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import THIS, Claimed, Noun, StateClaim

_SENTENCES = re.compile(r"[。；！？\n]")
_CLAUSES = re.compile(r"[，,]")
_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b", re.ASCII)
_LOGIN = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}"
_TRUNK = r"(?:main|master|trunk|upstream|主干|主线|主分支|主库|代码库|(?:main|master|主)\s?分支|仓库)"

_VERB = r"(?:合并|合入|并入|合进|合到|合回|落地|merged?)"
# `合并 main` merges the trunk into a branch; `合并到 main` merges a branch into the trunk.
_INTO = (
    r"(?:(?:合并|merged?)\s?(?:到|至|进|入)|合入|并入|合进|合到|合回|进入|进到|进了|落入|落到)"
    rf"\s?了?\s?(?P<trunk>{_TRUNK})"
)
_MERGING = re.compile(
    rf"(?:{_INTO}|{_VERB}(?P<done>了)?)(?P<after>(?:之)?后)?"
    r"\s?(?=$|[、）)：:“”]|(?P<object>(?:了\s?)?(?:该|本|此|这[一个项些次]?)|(?:了\s?)?#\d))",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"(?:已经?|现已|均已|都已|业已|刚刚?|成功|顺利|最终|终于|完成|被|获|得以|一并"
    r"|一同|一起|随之|随即|随后|正式)\s?"
    rf"(?:被|获|由\s?{_LOGIN}|同时|顺利|成功|正式|最终|随(?:该|本|此)\s?PR|将[其它之]|[获被]?批准?并)?\s?$"
    rf"|由\s?{_LOGIN}\s?(?:批准并|审核并|审阅并)?$|(?:批准|审核|审阅)并$"
)
"""Precedes the verb of a completed action; without one, the verb may as well be an intention."""
_NOT = re.compile(r"(?:未|没有?|尚未|还没|不曾|没能|未能)(?:被|获|得|能|有|再|得以|正式|最终)?\s?$")
# A refusal or an obstacle: claims neither "merged" nor "not merged".
_NEVER = re.compile(r"(?:不|无法|不能|拒绝|暂不|不予|暂缓|避免|阻止|阻碍|妨碍|禁止)[^，]{0,4}$")
# Before the verb: a wish, a plan, a request or a condition. Look-aheads exclude other words.
_PENDING = re.compile(
    r"等待|等候|有待|待|等(?=[^级同价于])|即将|将(?!其|它)|会(?!议|话)|(?<!认)(?<!许)可(?!见)"
    r"|能(?!力)|需|须|应(?!作者|用|对|要求)|希望|建议|请|计划|打算"
    r"|准备|考虑|愿意|同意|推动|支持|反对|是否|何时|才|先|若|如果|一旦|只要|除非"
    r"|倘若|假如|有望|预计|拟|便于|以便"
    r"|直到|前提|尽快|尽早|暂停|延后|推迟|用于|适合|为了|主张|倾向|要(?!求)|想|期待|争取|催促|提议|要求"
)
_CONDITION = re.compile(
    r"若|如果|一旦|等(?=[^级同价于待])|是否|只要|除非|倘若|直到|假如|误以为|待(?!合)|之前|以前"
)
_BEFORE = re.compile(r"此前|之前|先前|曾|一度|长期|当时|起初|原本")

_OPEN = re.compile(
    r"(?:仍然?|还|依然|依旧|尚|目前|当前|现在|现|至今|截至目前|继续|保持|处于"
    r"|状态为|状态是|停留在)\s?(?:也|都|均|仍|还|尚|是|为|在|处于|保持|停留在"
    r"|停在)*\s?"
    r"(?:开放|打开|开着|open|悬而未决|挂着|未了结|没有了结|未关闭|没有关闭|未解决且开放"
    r"|等待合并|等待合入|待合并|待合入|等待评审"
    r"|待评审|评审中|在评审|评审阶段|审阅阶段|保留)(?:的?状态|的|中|着)?\s?(?=$|[、）)：:])"
    r"|(?:Issue|RFC|PR)\s?保留\s?$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"(?:已经?|现已|最终|随后|随即|迅速|随之|因此|从而|均已|都已|也已|一并|同时"
    rf"|并|便|就|也)\s?(?:被|由\s?{_LOGIN}|被\s?{_LOGIN})?\s?"
    r"(?:自动|自行)?关(?:闭|掉|了)(?:状态)?\s?(?=$|[、）)：:])"
    rf"|(?:被|由)\s?(?:{_LOGIN}|[^，#]{{0,10}}机器人)?\s?(?:自动|自行)?关(?:闭|掉|了)\s?(?=$|[、）)：:])"
    r"|(?:状态|目前|当前)[为是：]\s?已?关闭"
    r"|(?:该|本|此)?\s?(?:Issue|RFC)\s?(?:已经?|就此)?(?:结束|了结|结案)\s?(?=$|[、）)：:])"
)
_CLOSED_IT = re.compile(
    r"(?:关闭|关掉|撤回|放弃|弃置)了\s?(?:(?:该|本|此|这一|这个)?\s?(?:Issue|PR"
    r"|RFC)(?![A-Za-z的])|(?:该|本|此|这一|这个)\s?讨论|#(?P<number>\d+))"
    r"|(?:该|本|此)\s?PR\s?被[^，]{0,8}(?:放弃|撤回)|(?:该|本|此)\s?PR\s?以未合并的方式关"
)
_REOPENED = re.compile(r"(?:被|已|又|后|再次|重新)?\s?(?:重新打开|重开)了?\s?(?=$|[、）)：:])")
_REVERTED = re.compile(
    r"(?<![未没尚])被\s?(?:#\d+\s?)?(?:所)?(?:回退|回滚|撤销|revert(?:ed)?)"
    r"|(?:合入|合并)后[^，]{0,6}(?:又|即|很快)[^，]{0,6}(?:撤|回退|回滚)",
    re.IGNORECASE,
)

_BY = re.compile(r"(?:由|被|经|用|通过|因|按照?|根据)\s?#\d+")
"""A thread that is the means of the action, not its subject."""
_OTHER = re.compile(
    r"清单|条目|列表|子项|任务项|前置|相关|后续|上游|下游|配套|依赖|另一|另有"
    r"|其他|其它|其余|同类|类似|上述|前者|后者|早先的|对应的|两者"
    r"|默认|开关|选项|参数|标志|功能|特性|状态码|每个|各个|多个|不少|一些|部分|几个|两个|三个|窗口|项目"
)
"""A clause with one of these may be about something other than the thread."""
_NOUN = re.compile(
    r"Issue|RFC|PR\b|Pull Request|补丁|代码|改动|修复|修正|逻辑|变更|方案|提交|实现|讨论|问题", re.IGNORECASE
)
_PULL_WORDS = (
    "pr",
    "pull request",
    "补丁",
    "代码",
    "改动",
    "修复",
    "修正",
    "逻辑",
    "变更",
    "方案",
    "提交",
    "实现",
)
_DEMONSTRATIVE = re.compile(r"(?:该|本|此|这一|这个|这项)[^\s，#]{0,10}$")
_WITH_ITSELF = re.compile(
    r"(?:该|本|此|这[一个])\s?(?:PR|Issue)\s?(?:与|和|同|跟|及|、)|(?:与|和|同"
    r"|跟|及|、)\s?(?:该|本|此)\s?(?:PR|Issue)"
)
# Words that may stand between the start of a clause and its verb without being a subject.
_SMALL_WORDS = re.compile(
    rf"(?:由|经|被|在|随|于|与|和|同|跟)\s?(?:{_LOGIN})?|{_LOGIN}|\d+|[月日号时分点]"
    rf"|将[其它之]|批准?|认可|确认|审核|审阅|评审|通过|验证|完成|给出"
    r"|核对|并|也|均|都|已经?|现|就|便|之?后|之前|随[后即之]?|最终|终于|目前|现在"
    r"|当前|至今|截至|刚刚?|成功|顺利|获得?|被|得以|一[并同起]"
    r"|正式|仍然?|还|尚|依[然旧]|继续|保持|处于|状态|又|再次?|很快|同时|其|于是"
    r"|因此|从而|自动|自行|的|了|是|为|在|中|上|下|该|本|此|这[一个项次]?|[\s`“”（）()、]"
)


_DONE_BY = re.compile(
    r"(?:已经?|现已|均已|得以|得到)\s?(?:被|由|经|通过)\s?#(?P<by>\d{1,7})\s?(?:修复|解决|消除)"
    r"|#(?P<number>\d{1,7})\s?(?:已经?|现已|彻底)\s?(?:修复|解决|消除)"
)
"""Implies that the change is merged."""


def states(text: str) -> Iterator[StateClaim]:
    """The claims of definite statements, clause by clause."""
    for sentence in _SENTENCES.split(text):
        for done in _DONE_BY.finditer(sentence):
            if not _CONDITION.search(sentence[: done.start()]):
                yield StateClaim(done[0], Claimed.MERGED, ((int(done["by"] or done["number"]),),))
        earlier: list[int] = []
        named_itself = False
        for clause in _CLAUSES.split(sentence):
            yield from _claims(clause, tuple(earlier), named_itself)
            earlier += [int(number) for number in _REFERENCE.findall(clause)]
            named_itself |= bool(re.search(r"(?:该|本|此|这[一个])\s?(?:PR|Issue|RFC)", clause))


def _claims(clause: str, earlier: tuple[int, ...], named_itself: bool) -> Iterator[StateClaim]:
    for found in _CLOSED_IT.finditer(clause):
        noun = Noun.PULL if "PR" in found[0] else Noun.ISSUE if re.search("Issue|RFC", found[0]) else Noun.ANY
        yield StateClaim(clause.strip(), Claimed.CLOSED, ((int(found["number"] or THIS),),), noun)
    for claimed, start, end in (*_merges(clause), *_others(clause)):
        before = clause[:start]
        meant, noun = _subject(before, clause[end:], earlier, named_itself)
        if meant:
            yield StateClaim(clause.strip(), claimed, meant, noun)


def _merges(clause: str) -> Iterator[tuple[Claimed, int, int]]:
    for found in _MERGING.finditer(clause):
        before = clause[: found.start()]
        if _NOT.search(before):
            if not _BEFORE.search(before) and not _CONDITION.search(before):
                yield Claimed.UNMERGED, found.start(), found.end()
            continue
        if _NEVER.search(before) or _CONDITION.search(before):
            continue
        if _DONE.search(before) and not found["after"]:
            yield Claimed.MERGED, found.start(), found.end()
        elif _PENDING.search(before) or found["after"]:
            continue
        elif found["done"] or found["trunk"] or (found["object"] or "").startswith("了"):
            yield Claimed.MERGED, found.start(), found.end()


def _others(clause: str) -> Iterator[tuple[Claimed, int, int]]:
    if (found := _OPEN.search(clause)) and not re.search(r"希望|建议|请|默认|主张", clause):
        yield Claimed.OPEN, found.start(), found.end()
    # A closing before a reopening is not the current state.
    closing = None if _BEFORE.search(clause) or _REOPENED.search(clause) else _CLOSING.search(clause)
    if (found := closing) and not _CONDITION.search(clause[: found.start()]):
        yield Claimed.CLOSED, found.start(), found.end()
    if (found := _REOPENED.search(clause)) and not _PENDING.search(clause[: found.start()]):
        yield Claimed.REOPENED, found.start(), found.end()
    if (found := _REVERTED.search(clause)) and not _CONDITION.search(clause[: found.start()]):
        yield Claimed.REVERTED, found.start(), found.end()


def _subject(
    before: str, after: str, earlier: tuple[int, ...], named_itself: bool
) -> tuple[tuple[tuple[int, ...], ...], Noun]:
    """The possible subjects of a claim as in `StateClaim.meant`, and its noun; no subjects if unclear.

    `before`, `after`: the clause before and after the verb.
    """
    numbers = [int(number) for number in _REFERENCE.findall(_BY.sub(" ", before))]
    if numbers:
        return ((*((THIS,) if _WITH_ITSELF.search(before) else ()), *numbers),), Noun.ANY
    if _OTHER.search(before):
        return (), Noun.ANY
    if nouns := _NOUN.findall(before):
        return ((THIS,),), Noun.PULL if nouns[-1].lower() in _PULL_WORDS else Noun.ISSUE
    if found := re.search(r"#(\d{1,7})", after[:12]):
        return ((int(found[1]),),), Noun.ANY
    if re.match(r"\s?(?:该|本|此|这[一个项])", after) or _DEMONSTRATIVE.search(before):
        return ((THIS,),), Noun.ANY
    return _left_out(before, earlier, named_itself), Noun.ANY


# A clause without a subject continues with that of an earlier one: the thread, or those named before it.
def _left_out(before: str, earlier: tuple[int, ...], named_itself: bool) -> tuple[tuple[int, ...], ...]:
    """The possible subjects of a clause that leaves its subject out; empty if it has an unknown subject."""
    if _SMALL_WORDS.sub("", before):
        return ()
    if not earlier:
        return ((THIS,),)
    return ((THIS,), earlier) if named_itself else (earlier, (THIS,))

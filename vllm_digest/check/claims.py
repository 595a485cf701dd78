"""What a text claims in words: a state, who said something, what nobody can know."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from vllm_digest.check.figures import references
from vllm_digest.models import State

_CLAUSES = re.compile(r"[。；！？\n]|，(?!但)")
_WISH = re.compile(
    r"如果|若|一旦|待|之后再|后再|建议|要求|希望|计划|准备|等待|应当|需要|是否|才能|之前|前须|前需"
)
"""What is wished, planned or asked about claims nothing."""
_STATES = tuple(
    (re.compile("|".join(patterns), re.IGNORECASE), frozenset(fitting))
    for fitting, patterns in (
        (
            (State.MERGED,),
            (
                r"(?<![未没尚])(?:已经?|现已|刚刚?|成功|最终)(?:被|获|顺利)?(?:合并|合入)",
                r"(?:被|获)(?:合并|合入)(?:了|到|至|进)",
            ),
        ),
        (
            (State.OPEN, State.CLOSED),
            (r"未(?:被|获|能)?(?:合并|合入)", r"没有(?:被)?合并"),
        ),
        (
            (State.CLOSED,),
            (
                r"(?<![未没尚])(?:已经?|现已|最终|随后|随即|迅速)(?:被|由\s?[\w-]+\s?)?关闭",
                r"被关闭|(?:状态|目前|当前)[为是：]\s?已?关闭",
            ),
        ),
        (
            (State.OPEN,),
            (
                r"(?:仍|依然|目前|当前|保持|处于|状态为)然?\s?(?:处于|为|是|保持)?\s?(?:开放|打开|open)",
                r"未关闭|(?:被|已)重新打开|已被?重开",
            ),
        ),
    )
)
_REVERTED = re.compile(r"(?<![未没尚])被\s?(?:#\d+\s?)?(?:回退|回滚|撤销|revert)", re.IGNORECASE)
_COMPANIES = r"(?:AMD|NVIDIA|英伟达|Intel|英特尔|Red ?Hat|红帽|Meta|Google|谷歌|阿里|腾讯|华为|字节)"
_GUESS = re.compile(
    r"(?:维护者|官方|团队|社区|作者|公司|厂商)[^，。；]{0,6}"
    r"(?:可能|或许|大概|估计|想必|应该)[^，。；]{0,2}(?:会|将|是|在|已)"
    rf"|来自\s?{_COMPANIES}[^，。；]{{0,6}}(?:员工|工程师|开发者|团队|贡献者)"
    rf"|{_COMPANIES}\s?(?:的\s?)?(?:员工|工程师|雇员|职员)"
    r"|就职于|供职于|任职于|受雇于",
    re.IGNORECASE,
)
_SAYS = (
    r"认为|指出|表示|建议|提出|确认|反对|同意|质疑|回应|回复|解释|补充|报告|反馈|主张|承认|强调|询问"
    r"|要求|批准|提醒|坚持|提交|称|说|贡献|修复"
)
_LOGIN = r"([A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})"
"""GitHub's rule for them."""
_NAME = re.compile(rf"(?<![\w/.#`-]){_LOGIN}(?![\w.-])", re.ASCII)
_SUBJECT = re.compile(
    rf"(?<![A-Za-z0-9_/.#`-]){_LOGIN}[）)]?\s?(?:也|则|均|都|随后|明确|进一步|最初|已)?(?:{_SAYS})"
)
_ROLE = re.compile(
    rf"(?:用户|贡献者|作者|维护者|评审者|审阅者|提交者|报告者|参与者|成员)\s?[（(]?\s?{_LOGIN}(?![\w.-])"
    rf"|由\s?{_LOGIN}\s?(?=提出|报告|关闭|合并|提交|修复|发起|创建|主导|贡献)"
)
_NO_NAMES = frozenset({"pr", "prs", "issue", "issues", "rfc", "bug", "bot", "ci", "vllm", "github", "gpu"})


def wrong_states(
    text: str, states: Mapping[int, State], reverted: Collection[int], *, subject: int | None
) -> Iterator[str]:
    """The clauses that say a state which no thread they name has; `subject` is meant where none is named."""
    for clause in _CLAUSES.split(text):
        named = [number for number in references(clause) if number in states]
        others = [number for number in references(clause) if number not in states]
        meant = named or ([subject] if subject is not None and not others else [])
        if not meant or _WISH.search(clause):
            continue
        claimed = [fitting for pattern, fitting in _STATES if pattern.search(clause)]
        fits = all(any(states[number] in fitting for number in meant) for fitting in claimed)
        if not fits or (_REVERTED.search(clause) and not set(meant) & set(reverted)):
            yield clause.strip()


def guess(text: str) -> str:
    """The words that tell what nobody can know: intentions, employers; empty without any."""
    found = _GUESS.search(text)
    return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class People:
    """Who may be named: `authors` wrote what the sentence rests on, `present` took part in its threads.

    `elsewhere` are all of the window; `words` the threads' texts in small letters, for names of
    things.
    """

    authors: frozenset[str]
    present: frozenset[str]
    elsewhere: frozenset[str]
    words: str

    def strangers(self, text: str) -> Iterator[str]:
        """Names in `text` of people who took no part, or who did not say what it has them say."""
        named = {found[1] for found in _NAME.finditer(text)}
        away = (named & self.elsewhere) - self.present
        yield from sorted(name for name in away if name.casefold() not in self.words)
        for found in (*_SUBJECT.finditer(text), *_ROLE.finditer(text)):
            name = next(filter(None, found.groups()))
            if name in self.present:
                if found.re is _SUBJECT and name not in self.authors:
                    yield name
            elif self._is_stranger(name.casefold()):
                yield name

    def _is_stranger(self, name: str) -> bool:
        return name not in _NO_NAMES and (name not in self.words or f"@{name}" in self.words)

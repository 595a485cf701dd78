"""Find figures written in Chinese numerals."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import FigureKind, Numeral

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_SIGN = "[零〇一二两三四五六七八九十百千万亿]"
# Counts such as "四种方案" need no source, for a reader can count them in the text; measured values do.
# One to three are never checked: "两位" means "both" and "一个" is an article.
_MEASURED = (
    r"(?:张|台|卡|块|倍|轮|天|周|小时|分钟|秒|年(?!代)|位(?!置)|名(?!为|称|字|单)|人(?!工|类)"
    r"|[项个]\s?(?=测试|任务|用例|失败))"
)
_COUNTED = r"(?:个(?![别人性体中半])|项|条|次|种|层|步|家|款|组|篇|处)"
_WRITTEN = re.compile(
    rf"百分之(?P<percent>{_SIGN}{{1,6}})"
    r"|(?P<tenths>[一二两三四五六七八九])成(?!为|了|功|员|果|熟|立|本|型|长|都|对)"
    rf"|(?P<multiple>{_SIGN}{{1,4}}|(?<![\d.])\d+(?:\.\d+)?)\s?倍"
    r"|(?<!第)(?P<things>[四五六七八九十][一二三四五六七八九十]{0,2})个\s?"
    r"(?:\w{2}\s?)?(?:Issue|PR|Bug|用户|开发者|贡献者)"
    rf"|(?<!第)(?P<many>[四五六七八九十百]{_SIGN}{{0,4}})\s?{_MEASURED}"
)
_LISTED = re.compile(rf"(?<![第一-鿿])(?P<many>[四五六七八九十百]{_SIGN}{{0,4}})\s?{_COUNTED}")
# Imprecise sizes: 数十 (dozens), 好几百 (several hundred), 十多个 (over ten), 上百 (a hundred or more).
_VAGUE = re.compile(
    # 函数十分, 参数几乎, 通过十项 and 超过百分之 are other words.
    r"(?<![函参常变整计系分指次总人件基复负级维度个代算实奇偶质权小])数[十百千万亿]+"
    r"|(?<!正)(?:好几|几)[十百千万亿]+"
    r"|[十百千万亿][几余多](?=[万亿个倍次位名项条台张天年%]|\s)|[一二两三四五六七八九]?十[几余多][万亿个倍次位名项条台张天年]"
    r"|(?:(?<![以线加之晚早网路])上|(?<![生完合达变构形组])成|近|逾|(?<!通)过)[百千万亿]+(?![一-十分])"
    r"|(?:数|几|好几|若干|十几|几十)倍|(?:(?<![函参常变整计系分指次总人件])数|若干)[次个](?=月|小时|GPU)"
)
_MONTH = re.compile(r"(?<!\d)(\d{1,2}|十[一二]?|[一二三四五六七八九])\s?月(?!度|内|来|后|前)")
_DAY = re.compile(r"(?:(20\d\d)\s?年\s?)?(?<!\d)(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]")
_DOUBLED = re.compile(r"翻倍|翻番|翻了一番|加倍")
_HALVED = re.compile(r"减半|缩短一半|减少一半|降低一半|降(?:低)?到一半")


def figures(text: str) -> Iterator[Numeral]:
    """Figures in words that need a source."""
    for found in _VAGUE.finditer(text):
        yield Numeral(found[0], FigureKind.VAGUE)
    for found in _WRITTEN.finditer(_VAGUE.sub(" ", text)):
        yield from _numeral(found)
    for found in _MONTH.finditer(text):
        value = found[1] if found[1].isascii() else _value(found[1])
        yield Numeral(found[0], FigureKind.MONTH, str(value))
    for found in _DOUBLED.finditer(text):
        yield Numeral(found[0], FigureKind.MULTIPLE, "2")
    for found in _HALVED.finditer(text):
        yield Numeral(found[0], FigureKind.MULTIPLE, "0.5")


def shared_figures(text: str) -> Iterator[Numeral]:
    """Figures in words that the texts of one claim must have in common."""
    yield from figures(text)
    yield from (one for found in _LISTED.finditer(text) for one in _numeral(found))


def days(text: str) -> Iterator[Numeral]:
    """Dates with a month and a day."""
    for found in _DAY.finditer(text):
        year = f"{found[1]}-" if found[1] else ""
        yield Numeral(found[0], FigureKind.DAY, f"{year}{int(found[2]):02}-{int(found[3]):02}")


def source_figures(text: str) -> Iterator[Numeral]:
    """All figures in words of a source."""
    yield from figures(text)
    for found in re.finditer(rf"{_SIGN}{{1,12}}", text):
        if (value := _value(found[0])) is not None:
            yield Numeral(found[0], FigureKind.NUMBER, str(value))
    if re.search(r"两倍|一半|翻倍", text):
        yield Numeral("", FigureKind.MULTIPLE, "2")
        yield Numeral("", FigureKind.MULTIPLE, "0.5")


def _numeral(found: re.Match[str]) -> Iterator[Numeral]:
    kind, written = next((kind, text) for kind, text in found.groupdict().items() if text)
    value = written if written[0].isascii() else _value(written)
    if kind == "multiple" and written == "一":
        # 快一倍 means twice as fast.
        value = 2
    if value is None:
        return
    match kind:
        case "percent":
            yield Numeral(found[0], FigureKind.PERCENT, str(value))
        case "tenths":
            yield Numeral(found[0], FigureKind.PERCENT, f"{value}0")
        case "multiple":
            yield Numeral(found[0], FigureKind.MULTIPLE, str(value))
        case _:
            yield Numeral(found[0], FigureKind.NUMBER, str(value))


def _value(written: str) -> int | None:
    """The value of a number in Chinese numerals; None if it is none, such as 千万 for "by all means"."""
    # As in 三万二千: digits are collected, multiplied by ten to thousand within a section, and the section
    # by 万 (ten thousand) or 亿 (a hundred million).
    total = section = digit = 0
    for sign in written:
        if sign in _DIGITS:
            digit = _DIGITS[sign] if digit == 0 else 10 * digit + _DIGITS[sign]
        elif sign in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            digit = 0
        else:
            if not section and not digit:
                return None
            total = (total + section + digit) * {"万": 10_000, "亿": 100_000_000}[sign]
            section = digit = 0
    return total + section + digit

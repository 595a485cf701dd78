"""What a pull request's files say of the focus."""

from collections.abc import Iterator

from vllm_digest.focus.mentions import quoted
from vllm_digest.focus.rules import PORTABLE, Focus
from vllm_digest.focus.signs import Sign, Weight
from vllm_digest.judgement import ReasonCode
from vllm_digest.models import Thread

_PATH = 50
"""Characters of a path that are quoted."""


def path_signs(thread: Thread, focus: Focus, *, elsewhere: bool) -> Iterator[Sign]:
    """Files of the focus count by their share, and less beside those of other platforms.

    A file that each platform has one of says little, for a change of all platforms touches them all, unless
    only tests and docs stand beside it. Of other files half of those that are no tests and docs are enough.
    `elsewhere`: the title is about another platform or the whole project, and names of the focus at most
    software that runs there, too.
    """
    mine = [path for path in thread.paths if focus.paths.found_in(path)]
    if not mine:
        return
    example = quoted(mine[0] if len(mine[0]) <= _PATH else f"…{mine[0][1 - _PATH :]}")
    files = max(thread.changed_files or 0, len(thread.paths))
    weight = _weight(thread, mine, files, focus)
    if elsewhere:
        weight = Weight.SIDE if all(_is_portable(path, focus) for path in mine) else weight.doubted()
    yield Sign.of(weight, ReasonCode.PATHS, example, count=len(mine), total=files)


def _weight(thread: Thread, mine: list[str], files: int, focus: Focus) -> Weight:
    others = [path for path in thread.paths if path not in mine]
    theirs = sum(1 for path in others if focus.peers.found_in(path))
    own = [path for path in mine if not focus.mirrors.found_in(path)]
    # Beside test-amd.yaml the CUDA pipeline names no platform.
    twins = 0 if own else sum(1 for path in others if focus.mirrors.found_in(path))
    if 2 * len(mine) > files and len(mine) > 2 * max(theirs, twins):
        return Weight.WHOLE
    companions = sum(1 for path in others if focus.tests.found_in(path))
    if len(mine) + companions == files and not (theirs or twins or all(map(focus.tests.found_in, mine))):
        return Weight.WHOLE
    sources = [path for path in own if not focus.tests.found_in(path)]
    if theirs or not sources:
        return Weight.HALF if len(own) > theirs and 2 * len(own) > files else Weight.SIDE
    companions += sum(1 for path in mine if path not in own and focus.tests.found_in(path))
    rest = files - companions - len(own)
    if len(sources) >= rest:
        return Weight.WHOLE
    return Weight.HALF if 3 * len(sources) >= rest else Weight.SIDE


def _is_portable(path: str, focus: Focus) -> bool:
    return all(find.key == PORTABLE for find in focus.paths.finds(path))

"""Signs for the focus in the paths of a pull request's changed files."""

from collections.abc import Iterator

from vllm_digest.focus.mentions import quoted
from vllm_digest.focus.rules import PORTABLE, Focus
from vllm_digest.focus.signs import Sign, Weight
from vllm_digest.judgement import ReasonCode
from vllm_digest.models import Thread

_PATH = 50
"""Characters of a path in a quote."""


def path_signs(thread: Thread, focus: Focus, *, elsewhere: bool) -> Iterator[Sign]:
    """The sign from the share of changed files that belong to the focus; less next to other platforms' files.

    A file that exists for each platform counts little, because a change for all platforms touches each of
    them, unless all other files are tests and docs. Otherwise half of the files without tests and docs is
    enough.
    `elsewhere`: the title is about another platform or the whole project, and names at most software of the
    focus that also runs there.
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
    # The counterpart of test-amd.yaml is the CUDA pipeline, whose path names no platform.
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

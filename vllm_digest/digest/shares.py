"""How often names occur, the most frequent first, never cut between equals."""

from collections import Counter
from collections.abc import Iterable

from vllm_digest.report import Share


def shares(names: Iterable[str], most: int) -> tuple[tuple[Share, ...], int]:
    """The most frequent names, `most` at most, and how many others there are.

    Equals are in alphabetical order. Where a cut would part names of the same count, all of these are among
    the others, so that no name stands out for its first letter.
    """
    ranked = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0].casefold(), pair[0]))
    # The count of the first name that is left out; names with the same count are left out as well.
    left_out = ranked[most][1] if len(ranked) > most else 0
    shown = tuple(Share(name, count) for name, count in ranked if count > left_out)
    return shown, len(ranked) - len(shown)

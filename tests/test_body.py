"""A body taken apart into blocks, which judging, prompts and excerpts share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_digest.text.body import Body, Kind

DUMP = "PyTorch version : 2.9.0\nOS : Ubuntu\nROCM used to build PyTorch : N/A\nGPU 0: NVIDIA A100\n"
LOG = 'INFO 12-10 11:42:30 [core.py:1] start\nTraceback (most recent call last):\n  File "a.py", line 1\n'
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "a b.",
                "\n",
                "\n\n",
                "```",
                "```py",
                "~~~~",
                "`x`",
                "<!--",
                "-->",
                "<details>",
                "</details>",
                ">",
            ),
            *("<summary>S</summary>", "> quoted", "# Head", DUMP, LOG, "GPU: MI300X", "中", "\r\n", " "),
        ]
    ),
    max_size=25,
).map("".join)


def blocks(text: str) -> list[tuple[Kind, str]]:
    return [(block.kind, text[block.start : block.end]) for block in Body(text).blocks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(Kind.PROSE, "")]),
        ("a\nb", [(Kind.PROSE, "a\nb")]),
        ("a\n```py\nx\n```\nb", [(Kind.PROSE, "a\n"), (Kind.CODE, "```py\nx\n```\n"), (Kind.PROSE, "b")]),
        ("~~~~\na\n~~~\nb\n~~~~~", [(Kind.CODE, "~~~~\na\n~~~\nb\n~~~~~")]),
        ("```\nnever closed\n# a", [(Kind.CODE, "```\nnever closed\n# a")]),
        ("```one``` line", [(Kind.PROSE, "```one``` line")]),
        (
            "> a\n> b\n# H\nc",
            [(Kind.QUOTE, "> a\n> b\n"), (Kind.HEADING, "# H\n"), (Kind.PROSE, "c")],
        ),
        ("a <!-- b\nc --> d", [(Kind.PROSE, "a "), (Kind.COMMENT, "<!-- b\nc -->"), (Kind.PROSE, " d")]),
        ("`<!--` is how a comment begins", [(Kind.PROSE, "`<!--` is how a comment begins")]),
        (f"a\n{DUMP}b", [(Kind.PROSE, "a\n"), (Kind.DUMP, DUMP), (Kind.PROSE, "b")]),
        (f"a\n{LOG}b", [(Kind.PROSE, "a\n"), (Kind.LOG, LOG), (Kind.PROSE, "b")]),
        ("GPU: 8x MI300X\nIt hangs.", [(Kind.PROSE, "GPU: 8x MI300X\nIt hangs.")]),
        ("vLLM: it hangs.\nPython: so does it.", [(Kind.PROSE, "vLLM: it hangs.\nPython: so does it.")]),
    ],
)
def test_a_body_is_taken_apart(text: str, expected: list[tuple[Kind, str]]) -> None:
    assert blocks(text) == expected


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("a<br><details>b</details>c", "<details>b</details>"),
        ("<details><details>a</details>b</details>c", "<details><details>a</details>b</details>"),
        ("<details>\nnever closed\n\na", ""),
        (
            "<details>\n```\n</details>\n```\nb\n</details>\nc",
            "<details>\n```\n</details>\n```\nb\n</details>\n",
        ),
        ("<details>a</details>\n# H\nb", "<details>a</details>\n"),
        ("a </details> b", ""),
        ("<DETAILS open>a</DETAILS>", "<DETAILS open>a</DETAILS>"),
    ],
)
def test_what_is_folded_away_is_known(text: str, folded: str) -> None:
    found = Body(text).blocks
    assert "".join(text[one.start : one.end] for one in found if one.details) == folded
    assert all(one.start < one.end for one in found)


@given(st.one_of(PIECES, st.text(alphabet="`~<>!-/# \nGIO:detailscomn", max_size=200)))
def test_the_blocks_are_the_whole_body_in_its_order(text: str) -> None:
    body = Body(text)
    assert "".join(text[one.start : one.end] for one in body.blocks) == text
    assert all(one.start < one.end for one in body.blocks) or not text
    for position in range(len(text)):
        block = body.block(position)
        assert block.start <= position < block.end


def test_a_body_full_of_marks_is_read_up_to_a_limit() -> None:
    text = "```\na\n```\n" * 20_000
    found = Body(text).blocks
    assert found[-1].end == len(text)
    assert len(found) < 10_000

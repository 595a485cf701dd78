"""Text around a model's answer: reasoning in any notation, drafts, notes, loops, parts."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asking import SCHEMA, connected, outcome, question
from tests.servers import model_faults as faults
from tests.servers.answers import Answer
from tests.servers.model import Author, ModelServer, Said
from vllm_digest.llm.replies import read_answer
from vllm_digest.model_protocol import ModelError

DRAFT, FINAL = '{"said": "DRAFT"}', '{"said": "FINAL"}'


def said_by(author: Author) -> Any:
    """What is read from a model's answer."""
    with ModelServer(author) as server, connected(server) as connection:
        return connection.session().ask(question())["said"]


THOUGHTS = {
    "DeepSeek, Qwen": ("<think>", "</think>"),
    "the end alone, as some templates leave it": ("", "</think>"),
    "in capitals": ("<THINK>", "</THINK>"),
    "thinking": ("<thinking>", "</thinking>"),
    "thought": ("<thought>", "</thought>"),
    "thoughts": ("<thoughts>", "</thoughts>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "reason": ("<reason>", "</reason>"),
    "reflection": ("<reflection>", "</reflection>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "analysis": ("<analysis>", "</analysis>"),
    "Seed-OSS": ("<seed:think>", "</seed:think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "Sky-T1": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "Cohere": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "Harmony": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "Harmony with a form": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    ),
    "Harmony without its marks": ("analysis", "assistantfinal"),
    "LongCat": ("<longcat_think>", "</longcat_think>"),
    "words in one mark": ('<inner monologue lang="en">', "</inner monologue>"),
    "bars": ("<\uff5cthinking\uff5c>", "<\uff5c/thinking\uff5c>"),
    "Chinese": ("【思考】", "【/思考】"),
    "Gemma": ("<|channel>thought\n", "<channel|>"),
    "Granite": ("Here is my thought process: ", "Here is my response: "),
    "an answer's tag": ("Let me think. ", "<answer>"),
    "plain words": ("Draft:\n", "\nOn reflection, the final answer:\n"),
}


@pytest.mark.parametrize("notation", THOUGHTS)
@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "<answer>{}</answer>", "{}<|return|>"])
def test_thoughts_with_a_draft_in_them_are_left_out(notation: str, around: str) -> None:
    opening, closing = THOUGHTS[notation]
    text = f"{opening}Maybe {DRAFT} or {{this}}? Hmm.{closing}{around.format(FINAL)}"
    assert read({"content": text}) == {"said": "FINAL"}


@pytest.mark.parametrize(
    "notation", [name for name, marks in THOUGHTS.items() if marks[0].startswith(("<", "[", "◁", "【"))]
)
def test_thoughts_without_an_end_hold_no_answer(notation: str) -> None:
    with ModelServer(lambda _: f"{THOUGHTS[notation][0]}Maybe {DRAFT}") as server:
        assert outcome(server) == "ModelError: the answer has no complete JSON object"
        assert len(server.calls) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"<think>he writes </think> and {DRAFT}</think>{FINAL}",
        f'{DRAFT} is not it.</think>{FINAL} (I closed "</think>" above)',
        f"<think>a</think><think>Maybe {DRAFT}</think>\n{FINAL}",
        f"{DRAFT}\n{FINAL}",
        f"{DRAFT}\n\nThat was a draft. Corrected:\n{FINAL}",
        f"The statements on #7, [Bugfix][Reasoning Parser] Fix the end mark:\n{FINAL}",
        f"First attempt: {DRAFT}. Final: {FINAL}. I hope this helps!",
        f"草稿：{DRAFT}\n最终答复：{FINAL}",
        f"{FINAL}\n\nNote: {DRAFT}",
        f"{FINAL}\n\nNote that I left out {{braces}} and {{}}.",
        f"```json\n{FINAL}\n```\n(I considered {DRAFT} first.)",
        f"{FINAL}\n注：也可以写作 {DRAFT}",
        f"Here it is:\n{FINAL}\nFor example, {DRAFT} would be wrong.",
        f'{FINAL}\n{{"x": 1}}',
        f'{{"x": 1}}\n{FINAL}',
        f'{{"said": "FINAL", "more": {DRAFT}}}',
    ],
)
def test_of_several_objects_the_one_that_is_meant_is_taken(text: str) -> None:
    assert read({"content": text})["said"] == "FINAL"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_an_answer_in_the_field_of_thoughts_is_read(field: str, content: str | None) -> None:
    assert read({"content": content, field: f"I will say {DRAFT}. No:\n{FINAL}"})["said"] == "FINAL"
    assert said_by(lambda _: Said(content, more={field: FINAL})) == "FINAL"


@pytest.mark.parametrize(
    "thoughts",
    [
        {"reasoning_details": [{"type": "reasoning.text", "text": FINAL}]},
        {"reasoning_details": [None, {"text": 7}, {"text": "So: "}, {"text": FINAL}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": FINAL}]},
        {"reasoning": {"content": FINAL}},
    ],
)
def test_an_answer_in_parts_of_thoughts_is_read(thoughts: dict[str, Any]) -> None:
    assert read({"content": None, **thoughts}) == {"said": "FINAL"}


def test_thoughts_that_only_mention_an_object_are_no_answer() -> None:
    with ModelServer(lambda _: Said(None, more={"reasoning_content": f"Maybe {DRAFT}, but why?"})) as server:
        assert outcome(server) == "ModelError: the answer is empty"


def test_thoughts_beside_an_answer_are_left_out() -> None:
    assert said_by(lambda _: Said(FINAL, more={"reasoning_content": f"Maybe {DRAFT}"})) == "FINAL"


notations = st.sampled_from(sorted(THOUGHTS.values()))
words = st.text(alphabet="abc 想，.{}[]\"'`\n", max_size=40)


@given(notations, words, st.text(max_size=40), words)
def test_any_thoughts_before_any_answer_are_left_out(
    notation: tuple[str, str], before: str, said: str, between: str
) -> None:
    opening, closing = notation
    answer = json.dumps({"said": said})
    assert read({"content": f"{opening}{before}{DRAFT}{between}{closing}{answer}"}) == json.loads(answer)


def read(message: Any) -> Any:
    return read_answer({"choices": [{"finish_reason": "stop", "message": message}]}, SCHEMA, 100)


# Malformed answers.

DEEP = 968


@pytest.mark.parametrize(
    "text",
    [
        '{"said":' * DEEP + "1" + "}" * DEEP,
        '{"said":' + "[" * DEEP + "]" * DEEP + "}",
        '{"said": 1e999}',
        '{"said": -Infinity}',
        '{"said": ' + "9" * 5_000 + "}",
        "{" * 1_200,
    ],
    ids=lambda text: text[:20],
)
def test_an_answer_that_no_file_takes_is_none(text: str) -> None:
    with ModelServer(lambda _: text) as server:
        assert outcome_of(server, room=5_000) == "the answer has no complete JSON object"


@pytest.mark.parametrize("levels", [100, 900, 968, 5_000, 100_000])
def test_a_deep_error_is_one_like_others(levels: int) -> None:
    deep = '{"error":' * levels + '"x"' + "}" * levels
    with ModelServer(lambda _: FINAL) as server:
        server.fault(faults.gives(Answer(200, text=deep)), times=None)
        assert outcome(server) == "ModelError: no answer 3 times: an answer that is not JSON"
        server.faults.clear()
        server.fault(faults.gives(Answer(400, text=deep)), times=1)
        assert outcome(server) == "answered"


def packed(content: bytes, encoding: str) -> Answer:
    pack: Callable[[bytes], bytes] = gzip.compress if encoding == "gzip" else zlib.compress
    return Answer(raw=pack(content), headers={"content-encoding": encoding})


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_an_answer_that_unpacks_to_more_than_memory_is_not_unpacked(encoding: str, status: int) -> None:
    bomb = packed(b"[]," * 20_000_000, encoding)
    with ModelServer(
        lambda _: bomb if status == 200 else Answer(status, raw=bomb.raw, headers=bomb.headers)
    ) as server:
        assert len(bomb.body) < 200_000
        assert outcome(server) == "ModelError: no answer 3 times: an answer of more than 4 MB"


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with ModelServer(lambda _: Answer(raw=b" " * 5_000_000)) as server:
        assert outcome(server) == "ModelError: no answer 3 times: an answer of more than 4 MB"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate"])
def test_a_packed_answer_is_read(encoding: str) -> None:
    with ModelServer(lambda _: FINAL) as server:
        server.fault(lambda real: packed(real().body, encoding.removeprefix("x-")), times=None)
        assert outcome(server) == "answered"
        assert server.calls[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(raw=b"x", headers={"content-encoding": "br"}), "in an encoding that was not requested"),
        (
            Answer(raw=b"x", headers={"content-encoding": "gzip, gzip"}),
            "in an encoding that was not requested",
        ),
        (Answer(raw=b"no gzip", headers={"content-encoding": "gzip"}), "an answer that cannot be unpacked"),
        (
            Answer(raw=gzip.compress(b"{}" * 500)[:-9], headers={"content-encoding": "gzip"}),
            "a truncated answer",
        ),
        (Answer(text="[" + "{}," * 200_000 + "{}]"), "an answer that is not JSON"),
    ],
)
def test_an_answer_that_cannot_be_unpacked_is_lost(answer: Answer, problem: str) -> None:
    with ModelServer(lambda _: answer) as server:
        assert problem in outcome(server)


# An answer in parts.


def events(*parts: object, end: str = "data: [DONE]\n\n") -> Answer:
    lines = "".join(f"data: {json.dumps(part)}\n\n" for part in parts)
    return Answer(text=f": ping\n\n{lines}{end}", headers={"content-type": "text/event-stream"})


def part(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}]}


def test_an_answer_in_parts_is_put_together() -> None:
    stream = events(
        part('{"sa'),
        part(None, reasoning_content="hm"),
        part('id": "好"}'),
        part(finish="stop"),
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
    )
    with ModelServer(lambda _: stream) as server, connected(server) as connection:
        session = connection.session()
        assert session.ask(question()) == {"said": "好"}
        assert (session.usage().prompt_tokens, session.usage().completion_tokens) == (7, 5)


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (events(part(FINAL)), "a stream that ended before the answer did"),
        (events(end=""), "a stream that ended before the answer did"),
        (events(part(FINAL), end='data: {"choices": [{"del'), "a part of a stream that is not JSON"),
        (events(part("{"), {"error": {"message": "out of memory", "code": 500}}), "500 out of memory"),
        (events([], 1, None, {"choices": 1}), "a stream that ended before the answer did"),
    ],
)
def test_a_stream_without_its_end_is_a_lost_answer(stream: Answer, problem: str) -> None:
    with ModelServer(lambda _: stream) as server:
        assert outcome(server) == f"ModelError: no answer 3 times: {problem}"


# Answers that go in circles.

LOOPS = [
    '{"said": "' + "是的，这个问题很重要。" * 2_000,
    '{"said": [' + '{"quote": "a", "source": "body"}, ' * 800,
    '{"said": "' + "  \n" * 3_000,
    "".join(
        f'{{"quote": "it fails on MI300X when it starts", "source": "{number}"}}, ' for number in range(300)
    ),
]


@pytest.mark.parametrize("loop", LOOPS, ids=lambda text: text[10:30])
@pytest.mark.parametrize("thoughts", [False, True])
def test_an_answer_that_repeats_itself_gets_no_more_room(loop: str, thoughts: bool) -> None:
    said = Said("", "length", {"reasoning_content": loop}, thought_tokens=9_000) if thoughts else loop
    with ModelServer(lambda _: said) as server:
        assert "repeats itself and does not end within 2000 tokens" in outcome_of(server, room=2_000)
        assert len(server.calls) == 1


def outcome_of(server: ModelServer, room: int) -> str:
    with connected(server) as connection, pytest.raises(ModelError) as caught:
        connection.session().ask(question(room=room))
    return str(caught.value)

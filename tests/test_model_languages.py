"""A model answers once for all languages of the pages: texts by language, one set of evidence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.authors import material, question
from tests.conftest import Ran, Run
from tests.servers.model import Asked, ModelServer
from tests.test_model_pages import SAMPLE, last, sampled
from vllm_digest import templating

BOTH = {"VLLM_DIGEST_REPORT_LANGUAGES": "[zh, en]"}
ENGLISH = {
    30382: {
        "topic": "A user reports poor answers of Ministral-3-14B without sampling options; "
        "the vendor's own endpoint is fine."
    },
    30385: {
        "reading": "It turns on `torch.compile` for the decoder of Whisper from step two, as in #30072.",
        "impact": "The author calls decoding faster; a runner elsewhere may override `_model_forward`.",
    },
    30386: {
        "reading": "PrefixLM comes to the TritonAttention backend; only FlexAttention had it so far.",
        "impact": "The author expects it to be faster; results of tests are still pending.",
    },
}
Edit = Callable[[dict[str, Any]], object]


def author(edit: Edit = lambda _: None) -> Callable[[Asked], dict[str, Any]]:
    """A part of what the author of the recorded hour tells, in two languages; `edit` changes 30385."""

    def answers(asked: Asked) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(sampled(asked)))
        if "verdicts" in answer:
            return answer
        lines = material(question(asked))
        if "repo" in lines[0]:
            return {
                **{section: [] for section in answer},
                "state": [
                    {
                        "title": {"zh": "", "en": ""},
                        "text": {"zh": "窗口内评审 3 次。", "en": "There are 3 reviews in the window."},
                        "statements": [],
                        "facts": ["reviews"],
                    }
                ],
            }
        number = lines[0]["facts"]["number"]
        told: dict[str, Any] = {**dict.fromkeys(answer), "positions": []}
        for part, text in ENGLISH[number].items():
            told[part] = answer[part] | {"text": {"zh": answer[part]["text"], "en": text}}
        if number == 30385:
            edit(told)
        return told

    return answers


def pages(run: Run, answers: Callable[[Asked], dict[str, Any]]) -> tuple[str, str, Ran, ModelServer]:
    """The Chinese page of the recorded hour, the English one, and the run."""
    with ModelServer(answers) as server:
        ran = run(*SAMPLE, environ=server.environ | BOTH)
    page = Path(ran.out.strip())
    rendered = run("render", str(page.with_suffix(".json")), "--language", "en")
    assert rendered.code == 0, rendered.err
    return page.read_text(encoding="utf-8"), rendered.out, ran, server


def reading(edit: Callable[[dict[str, str]], object]) -> Edit:
    return lambda answer: edit(answer["reading"]["text"])


def falls(data: Path) -> list[tuple[str, str, str]]:
    told = json.loads(data.read_text(encoding="utf-8"))["narrative"]["fallbacks"]
    return [(one["part"], one["reason"], one.get("language", "")) for one in told]


def test_both_pages_are_written_from_one_answer(run: Run) -> None:
    chinese, english_page, ran, server = pages(run, author())
    assert ran.code == 0, ran.err
    assert "为 Whisper 的解码器启用" in chinese
    assert "It turns on `torch.compile` for the decoder of Whisper" in english_page
    briefs = [call for call in server.calls if '{"facts"' in call.prompt and "claim" not in call.prompt]
    assert len(briefs) == 3
    text = briefs[0].schema["$defs"]["StatementShape"]["properties"]["text"]
    assert text["required"] == ["zh", "en"]


def test_with_one_language_no_token_is_spent_on_another(run: Run) -> None:
    with ModelServer(sampled) as server:
        run(*SAMPLE, environ=server.environ)
    prompts = (templating.folder() / "en" / "prompts").glob("*.j2")
    lines = [line for path in prompts for line in path.read_text("utf-8").splitlines() if "{" not in line]
    english = [line for line in lines if len(line) > 40]
    assert len(english) > 20
    for call in server.calls:
        assert '"en"' not in json.dumps(call.body)
        said = "\n".join(message["content"] for message in call.body["messages"])
        assert [line for line in english if line in said] == []
    statement = server.calls[0].schema["$defs"]["StatementShape"]["properties"]
    assert statement["text"] == {"type": "string"}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda texts: texts.update(en=texts["zh"]), "length"),
        (lambda texts: texts.update(en="# A heading\n\nIt turns on `torch.compile` as in #30072."), "markup"),
        (lambda texts: texts.pop("en"), "no-answer"),
        (lambda texts: texts.update(en=""), "no-answer"),
    ],
)
def test_what_is_wrong_with_the_wording_falls_in_its_language_alone(
    run: Run, edit: Callable[[dict[str, str]], object], reason: str
) -> None:
    chinese, english_page, ran, _ = pages(run, author(reading(edit)))
    assert falls(Path(ran.out.strip()).with_suffix(".json")) == [("brief-30385.reading", reason, "en")]
    assert "为 Whisper 的解码器启用" in chinese
    assert "未采用" not in last(chinese)
    assert "It turns on" not in english_page
    assert "1 not used" in last(english_page)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (
            lambda texts: texts.update(en="It turns on `torch.compile`, 35% faster, as in #30072."),
            "figure",
        ),
        (lambda texts: texts.update(en="It turns on `torch.compile` as in #40000."), "number"),
        (lambda texts: texts.update(en="It turns on `torch.compile` for the decoder of Whisper."), "number"),
        (lambda texts: texts.update(zh="为 Whisper 的解码器启用 `torch.compile`，快了 35%。"), "figure"),
    ],
)
def test_what_is_wrong_with_the_claim_falls_in_all(
    run: Run, edit: Callable[[dict[str, str]], object], reason: str
) -> None:
    chinese, english_page, ran, _ = pages(run, author(reading(edit)))
    assert falls(Path(ran.out.strip()).with_suffix(".json")) == [("brief-30385.reading", reason, "")]
    assert "为 Whisper 的解码器启用" not in chinese
    assert "It turns on" not in english_page
    assert "未采用 1 处" in last(chinese)
    assert "1 not used" in last(english_page)


def test_a_page_of_another_language_is_written_by_rules_and_says_so(run: Run) -> None:
    with ModelServer(sampled) as server:
        ran = run(*SAMPLE, environ=server.environ)
    data = Path(ran.out.strip()).with_suffix(".json")
    page = run("render", str(data), "--language", "en").out
    assert not [sign for sign in page if "\u4e00" <= sign <= "\u9fff"]
    assert "in another language only" in last(page)


def test_english_alone_asks_in_english(run: Run) -> None:
    def answers(asked: Asked) -> dict[str, Any]:
        answer = author()(asked)

        def only(value: Any) -> Any:
            if isinstance(value, dict):
                return value["en"] if value.keys() == {"zh", "en"} else {k: only(v) for k, v in value.items()}
            return [only(one) for one in value] if isinstance(value, list) else value

        found: dict[str, Any] = only(answer)
        return found

    with ModelServer(answers) as server:
        ran = run(*SAMPLE, environ=server.environ | {"VLLM_DIGEST_REPORT_LANGUAGES": "[en]"})
    assert ran.code == 0, ran.err
    page = Path(ran.out.strip()).read_text(encoding="utf-8")
    assert "It turns on `torch.compile` for the decoder of Whisper" in page
    for call in server.calls:
        assert not [sign for sign in call.system if "\u4e00" <= sign <= "\u9fff"]

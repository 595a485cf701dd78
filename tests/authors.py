"""A rule-based stand-in for a good model: it answers any prompt with true sentences."""

import json
from collections.abc import Mapping
from typing import Any

from tests.servers.model import Asked

Answer = dict[str, Any]


def material(prompt: str) -> list[dict[str, Any]]:
    """The JSON lines of a user message; text before them is ignored."""
    start = next(prompt.index(sign) for sign in ('{"facts"', '{"repo"') if sign in prompt)
    return [json.loads(line) for line in prompt[start:].splitlines()]


def answer(prompt: str) -> Answer:
    """A valid answer to the question in `prompt`, as a writer or as a judge."""
    lines = material(prompt)
    if "claim" in lines[-1]:
        return supported(lines)
    return _overview(lines) if "repo" in lines[0] else _brief(lines)


def writes(asked: Asked) -> Answer:
    """A server's model that gives valid answers, also to requests for corrections."""
    return answer(question(asked))


def question(asked: Asked) -> str:
    """The message with the material."""
    return next(text for text in asked.messages if '{"facts"' in text or '{"repo"' in text)


def _brief(lines: list[dict[str, Any]]) -> Answer:
    facts, roles = lines[0]["facts"], lines[0]["facts"]["roles"]
    texts = [line for line in lines[1:] if "id" in line]
    body = next(line for line in texts if line["id"] == "body")
    # Where the description is empty a remark is pointed to, else GitHub's fields.
    said = [line for line in (body, *texts) if line["text"].strip()]
    ground = said[0] if said else {"id": "facts", "text": f'"number": {facts["number"]},'}
    told: Answer = dict.fromkeys(("topic", "dispute", "state", "reading", "impact", "focus", "watch"))
    told["positions"] = []
    if "hot" in roles:
        told["topic"] = _statement("讨论的核心是标题所说的问题及其处理办法。", ground)
        told["positions"] = [
            {
                "stance": "参与讨论者",
                "login": line["login"],
                "text": f"{line['login']} 在这条发言中说明了自己的看法与**理由**。",
                "evidence": [_evidence(line)],
            }
            for line in {one["login"]: one for one in reversed(texts) if one["id"] != "body"}.values()
        ][:3]
        told["dispute"] = _statement("各方没有实质性的分歧，讨论集中在如何处理上。", ground)
        told["state"] = _statement("讨论仍在围绕后续的处理办法进行，尚无更多结论。", ground)
    if {"change", "focus"} & set(roles):
        told["reading"] = _statement(f"#{facts['number']} 说明了改动的内容、做法以及这样做的原因。", ground)
        told["impact"] = _statement("使用这一功能的部署会直接受到这项改动的影响。", ground)
    if "focus" in roles:
        told["focus"] = {"gpus": [], "asked_gpus": [], "component": None, "gain": None}
    if "concern" in roles:
        told["watch"] = _statement("后续是否有人回应并给出处理办法，值得继续关注。", ground)
    return told


def supported(lines: list[dict[str, Any]]) -> Answer:
    """The answer of a judge that supports every statement."""
    verdict = {"reasoning": "与记录一致。", "words": "", "verdict": "supported"}
    return {"verdicts": [{"claim": line["claim"], **verdict} for line in lines if "claim" in line]}


def _statement(text: str, line: Mapping[str, Any]) -> Answer:
    return {"text": text, "evidence": [_evidence(line)]}


def _evidence(line: Mapping[str, Any]) -> Answer:
    words = str(line["text"]).split("…")[0].split("\n")[0].strip()
    return {"source": line["id"], "quote": words[:60] if len(words) > 60 else words}


def _overview(lines: list[dict[str, Any]]) -> Answer:
    facts = lines[0]["facts"]
    names = [name for line in lines[1:] for name in line["statements"]]
    numbers = [name.partition(".")[0] for name in names]
    first, last = (numbers[0], numbers[-1]) if names else ("", "")
    return {
        "state": [_finding("", f"本窗口新增 PR **{facts['new_prs']}** 个，名单见文末。", [], ["new_prs"])],
        "focus": [_finding("", f"共 {facts['focus_threads']} 个条目与此有关。", [], ["focus_threads"])]
        if facts["focus_threads"]
        else [],
        "trends": [_finding("改动说明", f"#{first} 说明了改动的内容与做法。", names[:1], [])]
        if names
        else [],
        "activity": [_finding("评审次数", f"窗口内共有 {facts['reviews']} 次评审。", names[:1], ["reviews"])],
        "concerns": [_finding("后续跟进", f"#{last} 的后续处理值得关注。", names[-1:], ["new_issues"])]
        if names
        else [],
    }


def _finding(title: str, text: str, statements: list[str], facts: list[str]) -> Answer:
    return {"title": title, "text": text, "statements": statements, "facts": facts}

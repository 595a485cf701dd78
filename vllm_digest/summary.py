"""A report as it is printed: a path, a page, or one JSON object for machines, whose keys stay as they are."""

from typing import Any

from vllm_digest.archive import Stored
from vllm_digest.judgement import JudgementReason, Relevance
from vllm_digest.narrative import Narrative
from vllm_digest.printing import print_json, print_page, print_product
from vllm_digest.report import Report


def print_report(report: Report, stored: Stored | None, language: str, *, as_json: bool) -> None:
    """Print a report's JSON, else its page's path, or the page itself where it is not stored."""
    if as_json:
        print_json(summary(report, stored, language))
    elif stored:
        print_product(f"{stored.page}\n")
    else:
        from vllm_digest.render import render

        print_page(render(report, language))


def summary(report: Report, stored: Stored | None, language: str) -> dict[str, Any]:
    """The object docs/commands.md documents under `--json`; paths are null when nothing was written."""
    from vllm_digest.sections import by_model, sections_of

    digest = report.digest
    lists = digest.lists.items()
    narrative, written = report.narrative, by_model(report, language)
    return {
        "repo": digest.repo,
        "window": {
            "start": digest.window.start.isoformat(),
            "end": digest.window.end.isoformat(),
            "timezone": report.timezone,
        },
        "page": str(stored.page) if stored else None,
        "data": str(stored.data) if stored else None,
        "counts": {name: len(numbers) for name, numbers in lists.items()},
        "lists": {name: list(numbers) for name, numbers in lists.items()},
        # Named `amd` whatever the focus is, because programs read it.
        "amd": [
            {
                "number": thread.number,
                "relevance": thread.judgement.relevance.value,
                "reasons": [_reason(reason) for reason in thread.judgement.reasons],
            }
            for thread in digest.threads
            if thread.judgement.relevance is not Relevance.NONE
        ],
        "hot": [
            {
                "number": number,
                "score": digest.thread(number).heat.score,
                "comments": digest.thread(number).heat.comments,
                "participants": len(digest.thread(number).heat.participants),
            }
            for number in digest.hot
        ],
        "sections": {
            section.key: "model" if section.key in written else "rules" for section in sections_of(digest)
        },
        "gaps": [{"code": gap.code.value, "number": gap.number, "detail": gap.detail} for gap in digest.gaps],
        "github": {"requests": report.provenance.requests, "points": report.provenance.points},
        "llm": _model(narrative),
    }


def _model(narrative: Narrative) -> dict[str, Any]:
    """The usage of a model, and the parts that fell back to rules."""
    return {
        "model": narrative.model or None,
        "calls": narrative.usage.calls,
        "prompt_tokens": narrative.usage.prompt_tokens,
        "completion_tokens": narrative.usage.completion_tokens,
        "cached_answers": narrative.usage.cached_answers,
        "retries": narrative.usage.retries,
        "abandoned": narrative.usage.abandoned,
        "seconds": round(narrative.usage.seconds, 1),
        "cost": narrative.usage.cost,
        "judge": narrative.judge or None,
        "judged": narrative.judged,
        "unjudged": narrative.unjudged,
        "fallbacks": len(narrative.fallbacks),
        "fell_back": [
            {"part": one.part, "reason": one.reason.value, "language": one.language or None}
            for one in narrative.fallbacks
        ],
    }


def _reason(reason: JudgementReason) -> dict[str, Any]:
    """A code with those of its arguments that it has."""
    arguments = {
        "quotes": list(reason.quotes),
        "count": reason.count,
        "total": reason.total,
        "because": reason.because.dump() if reason.because else None,
        "in_comments": reason.in_comments,
    }
    return {"code": reason.code.value, **{name: value for name, value in arguments.items() if value}}

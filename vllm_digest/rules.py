"""Convert settings into the rules of classification and writing, which do not depend on `config`."""

from vllm_digest.classify import RepositoryWords, Rules
from vllm_digest.config import Settings
from vllm_digest.write import Limits, WritingRules


def rules_of(settings: Settings) -> Rules:
    """The rules of classification."""
    own = settings.repository
    return Rules(
        project=settings.project,
        focus=settings.focus.compiled((*own.state_labels, *own.bug_labels)),
        hot_from=settings.heat.threshold,
        bots=_bots(settings),
        words=RepositoryWords(
            bug=frozenset(own.bug_labels),
            label_weights=tuple(own.label_weights.items()),
            tag_weights=tuple(own.tag_weights.items()),
            state_labels=frozenset(own.state_labels),
            usage_paths=tuple(own.usage_paths.items()),
        ),
    )


def writing_rules_of(settings: Settings) -> WritingRules:
    """The rules of writing."""
    llm = settings.llm
    return WritingRules(
        bots=_bots(settings),
        limits=Limits(llm.threads, llm.thread_tokens, llm.overview_tokens),
        languages=settings.report.languages,
        judge=llm.judge,
        judge_model=llm.judge_model,
    )


def _bots(settings: Settings) -> frozenset[str]:
    # Logins are not case-sensitive at GitHub, and only its REST API adds `[bot]`.
    return frozenset(login.casefold().removesuffix("[bot]") for login in settings.heat.bots)

"""The sections of the settings: each key with its type, default and meaning."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from vllm_digest.config.repository import VLLM, RepositorySettings, built_in
from vllm_digest.config.values import (
    FolderPath,
    Length,
    Login,
    RepoName,
    Section,
    ThreadName,
    Url,
    Zone,
    parse_repo,
    within,
)
from vllm_digest.errors import UsageError
from vllm_digest.focus.rules import FocusSettings
from vllm_digest.languages import LANGUAGES
from vllm_digest.window import LONGEST

_PROJECT_NAMES = {"vllm-project/vllm": "vLLM"}
"""Names of projects that differ from the name of their repository."""


_CREDENTIAL = re.compile(r"(?i)(?:.*[^a-z])?(?:api_?key|authorization|credentials?|password|secret|token)")
"""Names of fields that hold credentials: `api_key`, `X-API-Key`, `auth_token`, but not `max_tokens`."""


def _check_extra_body(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse fields of a request that change the question or its cost, and credentials.

    Requests are written to files for batches, and `config --effective` prints the settings.
    """
    if found := next((name for name in _names(value) if _CREDENTIAL.fullmatch(name.replace("-", "_"))), ""):
        raise ValueError(f"{found} cannot be set here; secrets come from the environment (OPENAI_API_KEY).")
    if taken := sorted({"model", "messages", "max_tokens", "max_completion_tokens", "n"} & value.keys()):
        raise ValueError(
            f"{taken[0]} cannot be set here; llm.model and llm.max_answer_tokens set the model and the limit."
        )
    return value


def _names(value: object) -> Iterator[str]:
    """The names of all fields of a document."""
    if isinstance(value, dict):
        yield from map(str, value)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _names(child)


def _check_languages(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in LANGUAGES:
            raise ValueError(f"{value!r} is not a supported language; there are {', '.join(LANGUAGES)}.")
    if not values or len(set(values)) < len(values):
        raise ValueError("it must be at least one language, and each only once.")
    return values


class GitHubSettings(Section):
    repo: RepoName = "vllm-project/vllm"
    """The repository to report on, OWNER/NAME."""
    api_url: Url = "https://api.github.com"
    """The address of GitHub's REST API."""
    # An int, which PyGithub requires. GitHub ends a query after 10 seconds itself.
    timeout: Annotated[int, Field(ge=1, le=600)] = 15
    """Seconds to wait for one response."""
    max_wait: Length = timedelta(minutes=15)
    """Sum of the pauses that GitHub may ask for; a run that would have to wait longer fails."""


class ReportSettings(Section):
    timezone: Zone = ZoneInfo("Asia/Shanghai")
    """The IANA time zone in which times are shown and read."""
    window: Annotated[Length, within(timedelta(minutes=1), LONGEST)] = timedelta(hours=1)
    """The length of a window: 90m, 1h, 24h, 7d."""
    settle: Annotated[Length, within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=2)
    """Time between a window's end and the run, so that GitHub lists the events of its last seconds."""
    catch_up: Annotated[Length, within(timedelta(hours=1), timedelta(days=366))] = timedelta(days=7)
    """How far back a run reports windows that were missed; for older ones use `backfill`."""
    languages: Annotated[tuple[str, ...], AfterValidator(_check_languages)] = LANGUAGES[:1]
    """The languages of pages: the first at the usual addresses, each further one below a prefix (`/en/`)."""
    rollups: tuple[Literal["day", "week", "month"], ...] = ()
    """The roll-ups that a run also makes, once the stored reports cover the end of the day, week or month."""
    output: FolderPath = Path("archive")
    """The folder of pages and data files."""
    name: str = ""
    """The project's name in titles; empty for the repository's name."""


class HeatSettings(Section):
    threshold: Annotated[int, Field(ge=1)] = 14
    """The minimum heat score of a hot thread, for a window of one hour (`digest.heat.hot_from`)."""
    bots: tuple[str, ...] = ("vllm-bot", "pytorchmergebot", "facebook-github-bot", "github-actions")
    """Logins of bots with ordinary user accounts; others are recognized by their account type."""


class RedactSettings(Section):
    threads: tuple[ThreadName, ...] = ()
    """Threads to leave out of everything: numbers, OWNER/NAME#123, or addresses."""
    logins: tuple[Login, ...] = ()
    """Logins of people whose words and name are left out."""


class LlmSettings(Section):
    base_url: Url = ""
    """Address of an OpenAI-compatible API; empty for OpenAI's API if there is a key, else for no model."""
    model: str = ""
    """The model's name; empty for the only one that the server has."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """How many questions are asked at once; reduced if the server is too slow."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds to wait for one whole answer."""
    max_time: Annotated[Length, within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=10)
    """Time limit for all questions about a window; rules write what is not answered by then."""
    extra_body: Annotated[dict[str, Any], AfterValidator(_check_extra_body)] = Field(default_factory=dict)
    """Fields for the body of every request, such as {enable_thinking: false}; they override built-in ones."""
    max_answer_tokens: Annotated[int, Field(ge=100)] = 16_000
    """Limit of an answer in tokens, reasoning included, if it needs more than the usual one."""
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    """Tokens of prompts and answers that a run may use; after that rules write the rest."""
    max_cost: Annotated[float, Field(ge=0)] | None = None
    """What a run may cost, in the currency of the prices; requires both prices."""
    input_price: Annotated[float, Field(ge=0)] | None = None
    """The price of a million prompt tokens."""
    output_price: Annotated[float, Field(ge=0)] | None = None
    """The price of a million answer tokens."""
    cache: FolderPath | None = None
    """The folder of stored answers; null for vllm-digest/answers in the user's cache folder."""
    threads: Annotated[int, Field(ge=0)] = 40
    """Threads of a window that a model writes about; rules write about the others."""
    thread_tokens: Annotated[int, Field(ge=500)] = 4_000
    """Tokens of a thread's text in a prompt, by an upper estimate."""
    judge: bool = True
    """Whether a model judges in a second pass if each statement follows from its evidence."""
    judge_model: str = ""
    """The model that judges; empty for the one that writes."""
    overview_tokens: Annotated[int, Field(ge=500)] = 12_000
    """Tokens of briefs in the prompt for the overview."""

    @model_validator(mode="after")
    def _cost_needs_prices(self) -> Self:
        if self.max_cost is not None and None in (self.input_price, self.output_price):
            raise ValueError("max_cost needs input_price and output_price, per million tokens.")
        return self


class Settings(Section):
    github: GitHubSettings = GitHubSettings()
    report: ReportSettings = ReportSettings()
    repository: RepositorySettings = Field(default_factory=lambda: RepositorySettings(**built_in(VLLM)))
    heat: HeatSettings = HeatSettings()
    # Made once: its rules are hundreds of patterns to validate, and it is frozen.
    focus: FocusSettings = Field(default_factory=cache(FocusSettings))
    redact: RedactSettings = RedactSettings()
    llm: LlmSettings = LlmSettings()

    @model_validator(mode="before")
    @classmethod
    def _fill_from_data(cls, values: Any) -> Any:
        """Fill missing values of the section `repository` with the defaults of the configured repository."""
        repo = values.get("github", {}).get("repo", VLLM)
        try:
            known = built_in(parse_repo(str(repo)))
        except UsageError:
            return values  # reported when the key is validated
        return {**values, "repository": {**known, **values.get("repository", {})}}

    @property
    def project(self) -> str:
        """The project's name in titles."""
        repo = self.github.repo
        return self.report.name or _PROJECT_NAMES.get(repo.casefold(), repo.partition("/")[2])

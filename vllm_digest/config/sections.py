"""The sections of the settings, each key at its default with what it means."""

from datetime import timedelta
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
"""Projects that do not write themselves as their repository is named."""


def _free_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request that do not change what is asked or what it may cost."""
    if taken := sorted({"model", "messages", "max_tokens", "max_completion_tokens", "n"} & value.keys()):
        raise ValueError(
            f"{taken[0]} cannot be set here; llm.model and llm.max_answer_tokens set the model and the limit."
        )
    return value


def _languages(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in LANGUAGES:
            raise ValueError(f"{value!r} is no language of pages; there are {', '.join(LANGUAGES)}.")
    if not values or len(set(values)) < len(values):
        raise ValueError("it must be at least one language, and each only once.")
    return values


class GitHubSettings(Section):
    repo: RepoName = "vllm-project/vllm"
    """The repository reported on, OWNER/NAME."""
    api_url: Url = "https://api.github.com"
    """Where its API is."""
    timeout: Annotated[int, Field(ge=1, le=600)] = 15
    """Seconds to wait for one answer."""
    max_wait: Length = timedelta(minutes=15)
    """How long a run waits in all where GitHub asks for pauses; beyond it the run fails."""


class ReportSettings(Section):
    timezone: Zone = ZoneInfo("Asia/Shanghai")
    """The zone in which times are shown and read."""
    window: Annotated[Length, within(timedelta(minutes=1), LONGEST)] = timedelta(hours=1)
    """The length of a window: 90m, 1h, 24h, 7d."""
    settle: Annotated[Length, within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=2)
    """How long before the present a window ends, so that GitHub shows what happened in its last seconds."""
    catch_up: Annotated[Length, within(timedelta(hours=1), timedelta(days=366))] = timedelta(days=7)
    """How far back a run reports what earlier ones missed; beyond it, `backfill` does."""
    languages: Annotated[tuple[str, ...], AfterValidator(_languages)] = LANGUAGES[:1]
    """The languages of pages: the first at the usual addresses, each further one below its own (`/en/`)."""
    rollups: tuple[Literal["day", "week", "month"], ...] = ()
    """The roll-ups of calendar spans that a run makes, too, once the stored reports reach their end."""
    output: FolderPath = Path("archive")
    """The folder that pages and data files are written to."""
    name: str = ""
    """The project's name in titles; empty for the repository's own."""


class HeatSettings(Section):
    threshold: Annotated[int, Field(ge=1)] = 14
    """The least heat score of a thread that the page calls hot."""
    bots: tuple[str, ...] = ("vllm-bot", "pytorchmergebot", "facebook-github-bot", "github-actions")
    """Logins of programs that GitHub takes for people; real bots are known by their account type."""


class RedactSettings(Section):
    threads: tuple[ThreadName, ...] = ()
    """Threads to leave out of all that is read: numbers, OWNER/NAME#123, or addresses."""
    logins: tuple[Login, ...] = ()
    """People whose words and name to leave out."""


class LlmSettings(Section):
    base_url: Url = ""
    """Where an OpenAI-compatible API is; empty for OpenAI's own when there is a key, else for no model."""
    model: str = ""
    """The model's name; empty for the only one that the server has."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """How many questions are asked at once; fewer where the server is too slow for it."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds until an answer must be there whole."""
    max_time: Annotated[Length, within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=10)
    """How long a window's questions take in all; what is not answered then is written by rules."""
    extra_body: Annotated[dict[str, Any], AfterValidator(_free_fields)] = Field(default_factory=dict)
    """Fields for the body of every request, such as {enable_thinking: false}; they win over those of ours."""
    max_answer_tokens: Annotated[int, Field(ge=100)] = 16_000
    """The most room an answer is given, thoughts included, when it needs more than usual."""
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    """Tokens of prompts and answers that a run may take; then rules write the rest."""
    max_cost: Annotated[float, Field(ge=0)] | None = None
    """What a run may cost, in the currency of the prices; it needs both of them."""
    input_price: Annotated[float, Field(ge=0)] | None = None
    """The price of a million tokens of prompts."""
    output_price: Annotated[float, Field(ge=0)] | None = None
    """The price of a million tokens of answers."""
    cache: FolderPath | None = None
    """The folder that answers are kept in; null for vllm-digest/answers in the user's cache folder."""
    threads: Annotated[int, Field(ge=0)] = 40
    """Threads of a window that a model tells about one by one; the others are told by rules."""
    thread_tokens: Annotated[int, Field(ge=500)] = 4_000
    """Tokens of a thread's text that a model is shown, by an estimate on the safe side."""
    judge: bool = True
    """Whether a model judges in a second pass if each statement follows from what it rests on."""
    judge_model: str = ""
    """The model that judges; empty for the one that writes."""
    overview_tokens: Annotated[int, Field(ge=500)] = 12_000
    """Tokens of a window's rows that a model is shown for the overview."""

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
    focus: FocusSettings = Field(default_factory=FocusSettings)
    redact: RedactSettings = RedactSettings()
    llm: LlmSettings = LlmSettings()

    @model_validator(mode="before")
    @classmethod
    def _fill_from_data(cls, values: Any) -> Any:
        """Take what is not given of the repository's own from the built-in words for it."""
        repo = values.get("github", {}).get("repo", VLLM)
        try:
            known = built_in(parse_repo(str(repo)))
        except UsageError:
            return values  # told when the key is read
        return {**values, "repository": {**known, **values.get("repository", {})}}

    @property
    def project(self) -> str:
        """The project's name as titles write it."""
        repo = self.github.repo
        return self.report.name or _PROJECT_NAMES.get(repo.casefold(), repo.partition("/")[2])

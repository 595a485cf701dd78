"""Settings: defaults, then a YAML file, then the environment, then flags, as one frozen value."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from vllm_digest.errors import UsageError
from vllm_digest.focus.rules import FocusSettings
from vllm_digest.languages import LANGUAGES
from vllm_digest.window import LONGEST, format_length, parse_length, parse_zone

USUAL_FILE = Path("config.yaml")
"""Read when it is there and no other file is named."""
_PREFIX = "VLLM_DIGEST_"
_ALIASES = {"GITHUB_API_URL": ("github", "api_url"), "OPENAI_BASE_URL": ("llm", "base_url")}
"""Names that other programs use for the same thing; our own win over them."""
_SECRETS = {("github", "token"): "GITHUB_TOKEN", ("llm", "api_key"): "OPENAI_API_KEY"}
"""What some put into files, and the only place where it belongs."""
_PROJECT_NAMES = {"vllm-project/vllm": "vLLM"}
"""Projects that do not write themselves as their repository is named."""


def _read_by(parse: Callable[[str], Any]) -> BeforeValidator:
    """A field written as text that `parse` reads."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except UsageError as error:
            raise ValueError(f"{error.problem} {error.remedy}") from None

    return BeforeValidator(read)


def _matching(pattern: str, like: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"{value!r} is not of the form {like}.")
        return value

    return AfterValidator(check)


def _within(shortest: timedelta, longest: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise ValueError(f"it must be between {format_length(shortest)} and {format_length(longest)}.")
        return value

    return AfterValidator(check)


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


Length = Annotated[timedelta, _read_by(parse_length)]
Zone = Annotated[ZoneInfo, _read_by(parse_zone)]
RepoName = Annotated[str, _matching(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", "OWNER/NAME")]
Url = Annotated[str, _matching(r"https?://[^\s/?#@]+(/[^\s?#]*)?", "https://HOST/PATH")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, use_attribute_docstrings=True)


class GitHubSettings(_Section):
    repo: RepoName = "vllm-project/vllm"
    """The repository reported on, OWNER/NAME."""
    api_url: Url = "https://api.github.com"
    """Where its API is."""
    timeout: Annotated[int, Field(ge=1, le=600)] = 15
    """Seconds to wait for one answer."""
    max_wait: Length = timedelta(minutes=15)
    """How long a run waits in all where GitHub asks for pauses; beyond it the run fails."""


class ReportSettings(_Section):
    timezone: Zone = ZoneInfo("Asia/Shanghai")
    """The zone in which times are shown and read."""
    window: Annotated[Length, _within(timedelta(minutes=1), LONGEST)] = timedelta(hours=1)
    """The length of a window: 90m, 1h, 24h, 7d."""
    settle: Annotated[Length, _within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=2)
    """How long before the present a window ends, so that GitHub shows what happened in its last seconds."""
    catch_up: Annotated[Length, _within(timedelta(hours=1), timedelta(days=366))] = timedelta(days=7)
    """How far back a run reports what earlier ones missed; beyond it, `backfill` does."""
    languages: Annotated[tuple[str, ...], AfterValidator(_languages)] = LANGUAGES[:1]
    """The languages of pages: the first at the usual addresses, each further one below its own (`/en/`)."""
    output: Path = Path("archive")
    """The folder that pages and data files are written to."""
    name: str = ""
    """The project's name in titles; empty for the repository's own."""


class HeatSettings(_Section):
    threshold: Annotated[int, Field(ge=1)] = 14
    """The least heat score of a thread that the page calls hot."""
    bots: tuple[str, ...] = ("vllm-bot", "pytorchmergebot", "facebook-github-bot", "github-actions")
    """Logins of programs that GitHub takes for people; real bots are known by their account type."""


class LlmSettings(_Section):
    base_url: Url | Literal[""] = ""
    """Where an OpenAI-compatible API is; empty for OpenAI's own when there is a key, else for no model."""
    model: str = ""
    """The model's name; empty for the only one that the server has."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """How many questions are asked at once; fewer where the server is too slow for it."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds until an answer must be there whole."""
    max_time: Annotated[Length, _within(timedelta(minutes=1), timedelta(days=1))] = timedelta(minutes=10)
    """How long a window's questions take in all; what is not answered then is written by rules."""
    extra_body: Annotated[dict[str, Any], AfterValidator(_free_fields)] = {}
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
    cache: Path | None = None
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


class Settings(_Section):
    github: GitHubSettings = GitHubSettings()
    report: ReportSettings = ReportSettings()
    heat: HeatSettings = HeatSettings()
    focus: FocusSettings = Field(default_factory=FocusSettings)
    llm: LlmSettings = LlmSettings()

    @property
    def project(self) -> str:
        """The project's name as titles write it."""
        repo = self.github.repo
        return self.report.name or _PROJECT_NAMES.get(repo, repo.partition("/")[2])


class _Given(NamedTuple):
    """A value somebody gave, and the place of it as a message names it."""

    value: Any
    place: str


_Values = dict[tuple[str, str], _Given]
"""By section and key."""


def load(
    *, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Mapping[str, Any]]
) -> Settings:
    """The settings of a run; UsageError names the key that is wrong and where it stands.

    `file` must be readable when it is given; without it `config.yaml` counts if there is one. `flags` are
    by section and key; None stands for a flag that was not given.
    """
    given = _from_file(file) | _from_environment(environ) | _from_flags(flags)
    values: dict[str, dict[str, Any]] = {}
    for (section, key), one in given.items():
        values.setdefault(section, {})[key] = one.value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first, *others = _problems(error, given)
        raise UsageError(first, "\n".join(others)) from None


def keys() -> list[str]:
    """Every setting as `section.key`."""
    return [f"{section}.{key}" for section, model in _sections().items() for key in model.model_fields]


def _sections() -> dict[str, type[BaseModel]]:
    annotations = ((name, field.annotation) for name, field in Settings.model_fields.items())
    return {
        name: model for name, model in annotations if isinstance(model, type) and issubclass(model, BaseModel)
    }


def _from_file(file: Path | None) -> _Values:
    if file is None and not USUAL_FILE.exists():
        return {}
    path = file or USUAL_FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", "Name another file with --config."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {error}", "config.example.yaml shows the form.") from None
    sections = {} if content is None else content
    if not isinstance(sections, dict):
        raise UsageError(f"{path} does not hold sections of keys.", "config.example.yaml shows the form.")
    given: _Values = {}
    for section, values in sections.items():
        if section not in _sections():
            raise UsageError(f"{path}: {section} is no section.", _did_you_mean(str(section), _sections()))
        if not isinstance(values, dict):
            raise UsageError(f"{path}: {section} does not hold keys.", "config.example.yaml shows the form.")
        given |= {(section, key): _Given(value, f"{path}: {section}.{key}") for key, value in values.items()}
    return given


def _from_environment(environ: Mapping[str, str]) -> _Values:
    own = {_PREFIX + key.replace(".", "_").upper(): tuple(key.split(".")) for key in keys()}
    given: _Values = {}
    for variable, (section, key) in (*_ALIASES.items(), *own.items()):
        text = environ.get(variable)
        if text:
            given[section, key] = _Given(_list_or_text(text, variable), variable)
    for variable in environ:
        if variable.startswith(_PREFIX) and variable not in own:
            raise UsageError(f"{variable} is no setting.", _did_you_mean(variable, own))
    return given


def _list_or_text(text: str, variable: str) -> object:
    """A variable's value; lists and mappings are written as YAML writes them on one line."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(
            f"{variable}: {text!r} is no list or mapping.", "Write it as [one, two] or {a: b}."
        ) from None


def _from_flags(flags: Mapping[str, Mapping[str, Any]]) -> _Values:
    return {
        (section, key): _Given(value, f"--{key.replace('_', '-')}")
        for section, values in flags.items()
        for key, value in values.items()
        if value is not None
    }


def _problems(error: ValidationError, given: _Values) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        # What concerns a section as a whole has no key.
        section, key = (*(str(part) for part in detail["loc"]), "")[:2]
        place = given[section, key].place if (section, key) in given else f"{section}.{key}".rstrip(".")
        if (section, key) in _SECRETS:
            yield f"{place}: secrets come from the environment only; put it into {_SECRETS[section, key]}."
        elif detail["type"] == "extra_forbidden":
            yield f"{place} is no setting. {_did_you_mean(f'{section}.{key}', keys())}"
        else:
            yield f"{place}: {detail['msg'].removeprefix('Value error, ')}"


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else "config.example.yaml lists them all."

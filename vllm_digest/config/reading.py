"""Read settings from the file, the environment and the command line; later ones take precedence."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from vllm_digest.cleaning import clean_line
from vllm_digest.config.document import parse
from vllm_digest.config.sections import Settings
from vllm_digest.errors import UsageError
from vllm_digest.validation import Problem, problems

DEFAULT_FILE = Path("config.yaml")
"""Read if it exists and no other file is named."""
PREFIX = "VLLM_DIGEST_"
_ALIASES = {"GITHUB_API_URL": ("github", "api_url"), "OPENAI_BASE_URL": ("llm", "base_url")}
"""Variables of other programs with the same meaning; those with PREFIX take precedence."""
_SECRETS = {("github", "token"): "GITHUB_TOKEN", ("llm", "api_key"): "OPENAI_API_KEY"}
"""Secrets that are refused as settings, with the variable for each."""
_OF_A_CLUSTER = re.compile(
    PREFIX + r"(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
"""Variables that Kubernetes and Docker set for a service named vllm-digest; ignored:
https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables"""


class GivenValue(NamedTuple):
    """A value that was given.

    `place`: where, for messages: `config.yaml: github.repo`, `--repo`.
    `origin`: where, for `config --effective`: `config.yaml`, the variable's name, the flag.
    """

    value: Any
    place: str
    origin: str


Values = dict[tuple[str, str], GivenValue]
"""By section and key."""


class Loaded(NamedTuple):
    """The settings, and by `section.key` the origin of each that was given."""

    settings: Settings
    origins: Mapping[str, str]


def load(
    *, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Mapping[str, Any]]
) -> Settings:
    """The settings; see `load_with_origins`."""
    return load_with_origins(file=file, environ=environ, flags=flags).settings


def load_with_origins(
    *, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Mapping[str, Any]]
) -> Loaded:
    """Read the settings: defaults, overridden by the file, the environment and the flags, in this order.

    `file`: must be readable if given; if None, `config.yaml` is read if it exists.
    `flags`: by section and key; None for a flag that was not given.
    Raises UsageError, naming the key and where it was given, if a value is wrong.
    """
    given = _from_file(file) | _from_environment(environ) | _from_flags(flags)
    for (section, key), one in given.items():
        # Pydantic would convert them to 1 and 0.
        if isinstance(one.value, bool) and _kind(section, key) is not bool:
            raise UsageError(f"{one.place}: it must not be true or false.", "Quotes make it a text.")
    values: dict[str, Any] = {}
    for (section, key), one in given.items():
        if key:
            values.setdefault(section, {})[key] = one.value
        else:
            values[section] = one.value
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first, *others = (clean_line(_message(problem, given)) for problem in problems(error))
        raise UsageError(first, "\n".join(others)) from None
    return Loaded(settings, {".".join(name): one.origin for name, one in given.items()})


def keys() -> list[str]:
    """Every setting as `section.key`."""
    return [f"{section}.{key}" for section, model in sections().items() for key in model.model_fields]


def sections() -> dict[str, type[BaseModel]]:
    """The sections of the settings by name."""
    annotations = ((name, field.annotation) for name, field in Settings.model_fields.items())
    return {
        name: model for name, model in annotations if isinstance(model, type) and issubclass(model, BaseModel)
    }


def _kind(section: str, key: str) -> object:
    """The type of a setting; None if it does not exist."""
    field = sections()[section].model_fields.get(key)
    return field.annotation if field else None


def _from_file(file: Path | None) -> Values:
    if file is None and not DEFAULT_FILE.exists():
        return {}
    path = file or DEFAULT_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", "Name another file with --config."
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not YAML: it is not UTF-8.", "Save it as UTF-8.") from None
    content = parse(text, str(path))
    found = {} if content is None else content
    if not isinstance(found, dict):
        raise UsageError(f"{path} does not hold sections of keys.", "config.example.yaml shows the form.")
    return {
        name: one for section, values in found.items() for name, one in _of_section(path, section, values)
    }


def _of_section(path: Path, section: object, values: object) -> Iterator[tuple[tuple[str, str], GivenValue]]:
    if section not in sections():
        raise UsageError(f"{path}: {clean_line(section)} is not a section.", _hint(str(section)))
    name = str(section)
    if isinstance(values, str) and name == "focus":
        # A section may be a single word: `focus: none`.
        yield (name, ""), GivenValue(values, f"{path}: {name}", str(path))
    elif isinstance(values, dict):
        for key, value in values.items():
            yield (name, str(key)), GivenValue(value, f"{path}: {name}.{key}", str(path))
    elif values is not None:
        raise UsageError(f"{path}: {name} does not hold keys.", "config.example.yaml shows the form.")


def _from_environment(environ: Mapping[str, str]) -> Values:
    own = {PREFIX + key.replace(".", "_").upper(): tuple(key.split(".")) for key in keys()}
    given: Values = {}
    for variable, (section, key) in (*_ALIASES.items(), *own.items()):
        # An empty variable counts as unset: GitHub Actions passes missing secrets and inputs as empty texts.
        if text := environ.get(variable, "").strip():
            value = text if _kind(section, key) is str else _list_or_text(text, variable)
            given[section, key] = GivenValue(value, variable, variable)
    # A misspelt variable would else have no effect, and nobody would notice.
    for variable in environ:
        is_ours = variable.startswith(PREFIX) and not _OF_A_CLUSTER.fullmatch(variable)
        if is_ours and variable not in own:
            raise UsageError(f"{variable} is not a setting.", _did_you_mean(variable, own))
    return given


def _list_or_text(text: str, variable: str) -> object:
    """The value of a variable; a list or mapping is parsed as YAML. Raises UsageError if it is malformed."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return parse(text, variable)
    except UsageError as error:
        raise UsageError(
            f"{variable}: {text!r} is not a list or mapping. {error.problem}",
            "Write it as [one, two] or {a: b}.",
        ) from None


def _from_flags(flags: Mapping[str, Mapping[str, Any]]) -> Values:
    return {
        (section, key): GivenValue(value, flag, flag)
        for section, values in flags.items()
        for key, value in values.items()
        if value is not None
        for flag in (f"--{key.replace('_', '-')}",)
    }


def _message(problem: Problem, given: Values) -> str:
    """The message for a problem: where the value was given, what is wrong, and a hint."""
    section, key, *inner = (*(str(part) for part in problem.path), "", "")[: max(2, len(problem.path))]
    known = given.get((section, key)) or given.get((section, ""))
    place = known.place if known else f"{section}.{key}".rstrip(".")
    place = ".".join((place, *inner))
    if (section, key) in _SECRETS:
        return f"{place}: secrets come from the environment only; put it into {_SECRETS[section, key]}."
    if problem.kind == "extra_forbidden" and not inner:
        return f"{place} is not a setting. {_did_you_mean(f'{section}.{key}', keys())}"
    # YAML reads 2025 as a number.
    words = problem.words.replace("it must be text", "it must be text; quotes make it so")
    return f"{place}: {words if words.endswith(('.', '?')) else f'{words}.'}"


def _hint(name: str) -> str:
    """A hint for an unknown section: a key without its section, or the closest name."""
    plain = name.strip().casefold().replace("-", "_")
    if places := [key for key in keys() if key.partition(".")[2] == plain or key == plain]:
        return f"Did you mean {' or '.join(places)}?"
    return _did_you_mean(plain, sections())


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    # Imported here: it is needed for mistakes only.
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else "config.example.yaml lists them all."

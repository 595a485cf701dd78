"""What a run takes from outside, and what a command works with: settings, source, writer and archive.

Everything is resolved once, from the options of a command.
"""

import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from platformdirs import user_cache_path

from vllm_digest.archive import Archive, lock_series
from vllm_digest.classify import Rules
from vllm_digest.cleaning import keep_secret
from vllm_digest.config import Loaded, Settings, load_with_origins
from vllm_digest.errors import UsageError
from vllm_digest.llm import Server, SessionOverError, connect
from vllm_digest.masking import KEY_NAME, TOKEN_NAMES
from vllm_digest.model_protocol import Model, ModelUnavailableError
from vllm_digest.options import (
    ConfigOptions,
    ModelOptions,
    TimedOptions,
    WritingOptions,
)
from vllm_digest.options.declaring import overrides
from vllm_digest.pipeline import ReportContext, Writer
from vllm_digest.processes import run_program
from vllm_digest.progress import model_counter, retry_notice
from vllm_digest.rules import rules_of, writing_rules_of
from vllm_digest.sources import Source
from vllm_digest.stories.following import Following
from vllm_digest.stories.index import StoryIndex
from vllm_digest.window import parse_length, parse_moment
from vllm_digest.write import ModelWriter, by_rules, without_model

if TYPE_CHECKING:
    from vllm_digest.sources.github import GitHubSource

log = logging.getLogger(__name__)

_NAME = "vllm-digest"
_PUBLIC_API = "api.github.com"


@dataclass(frozen=True)
class Runtime:
    """The outside world, as one value that tests replace.

    clock: the present, aware UTC. environ: the environment. sleep: waits some seconds. chance: a number in
    [0, 1). monotonic: a clock in seconds that only goes forward.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random
    monotonic: Callable[[], float] = time.monotonic

    def resolve(self, options: ConfigOptions) -> "Setup":
        """What a command works with. Raises UsageError if an option, variable or the file is wrong."""
        settings = self.load_settings(options).settings
        setup = Setup(self, settings, is_quiet=options.quiet)
        if isinstance(options, TimedOptions) and options.now:
            setup = replace(setup, fixed_now=parse_moment(options.now, settings.report.timezone))
        if isinstance(options, WritingOptions) and options.wait:
            setup = replace(setup, wait=parse_length(options.wait))
        if isinstance(options, ModelOptions):
            setup = replace(setup, no_llm=options.no_llm)
        return setup

    def load_settings(self, options: ConfigOptions) -> Loaded:
        """The settings and the origin of each. Raises UsageError if one is wrong."""
        file = Path(options.config) if options.config else None
        return load_with_origins(file=file, environ=self.environ, flags=overrides(options))

    @property
    def model_key(self) -> str:
        """The key of the model server, empty without one."""
        return self.environ.get(KEY_NAME, "").strip()

    @property
    def cache_folder(self) -> Path | None:
        """Where this program may keep what it can make again; None without a home.

        It is the place that the system has for it: `~/.cache` on Linux, `~/Library/Caches` on macOS,
        `%LOCALAPPDATA%` on Windows; XDG_CACHE_HOME counts on each.
        """
        if folder := self.environ.get("XDG_CACHE_HOME"):
            return Path(folder, _NAME)
        try:
            path = user_cache_path(_NAME, appauthor=False)
        except RuntimeError:
            return None  # a container may run as a user whom no file knows
        return path if path.is_absolute() else None

    def github_token(self, api_url: str) -> str:
        """The token of the environment, else that of GitHub's own program. Raises UsageError without one."""
        for name in TOKEN_NAMES:
            if token := self.environ.get(name, "").strip():
                return _checked(token, name)
        if token := self._token_of_gh(api_url):
            keep_secret(token)
            return _checked(token, "gh auth token")
        raise UsageError(
            "There is no GitHub token.",
            "Put one into GITHUB_TOKEN or GH_TOKEN, or log in with `gh auth login`; "
            "public repositories need no permissions on it.\n"
            "To see a page without a token, run `vllm-digest run --sample`.",
        )

    def _token_of_gh(self, api_url: str) -> str:
        program = shutil.which("gh", path=self.environ.get("PATH", ""))
        if program is None:
            return ""
        host = urlsplit(api_url).hostname or _PUBLIC_API
        command = [program, "auth", "token", "--hostname", "github.com" if host == _PUBLIC_API else host]
        try:
            answer = run_program(command, environ=self.environ, timeout=timedelta(seconds=10))
        except OSError:
            return ""
        return answer.out.decode(errors="replace").strip() if answer.code == 0 else ""


def _checked(token: str, place: str) -> str:
    """A token that fits into a header; the message about one that does not leaves it out."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"The token in {place} has characters no token has.", "Copy it again.")
    return token


@dataclass(frozen=True)
class Setup:
    """What one command works with.

    fixed_now: the present by `--now`, None for the clock's. wait: how long to wait for another run.
    no_llm: no model is asked. is_quiet: no progress is shown.
    """

    runtime: Runtime
    settings: Settings
    fixed_now: datetime | None = None
    wait: timedelta = timedelta()
    no_llm: bool = False
    is_quiet: bool = False

    def now(self) -> datetime:
        """The present for this command, aware UTC."""
        return self.fixed_now or self.runtime.clock()

    @cached_property
    def archive(self) -> Archive:
        """The reports that are stored."""
        return _archive_of(self)

    @property
    def is_watched(self) -> bool:
        """Does a person see progress on the terminal?"""
        return sys.stderr.isatty() and not self.is_quiet

    def source(self, *, max_wait: timedelta | None = None, reserve: float = 0.0) -> "GitHubSource":
        """The repository of the settings, with other waits for GitHub's limits than those, and a share of the
        hourly points left to others who use the token. Raises UsageError without a token.
        """
        # PyGithub takes a quarter of a second to load, which most commands need not wait for.
        from vllm_digest.sources.github import GitHubSource

        github = self.settings.github
        return GitHubSource(
            repo=github.repo,
            token=self.runtime.github_token(github.api_url),
            api_url=github.api_url,
            timeout=timedelta(seconds=github.timeout),
            max_wait=github.max_wait if max_wait is None else max_wait,
            clock=self.now,
            sleep=self.runtime.sleep,
            on_retry=retry_notice(shown=self.is_watched),
            reserve=reserve,
        )

    def context(
        self, series: str, writer: Writer, *, repo: str = "", made_from: str = "github"
    ) -> ReportContext:
        """What the reports of this command have in common; `repo` is that of the settings by default."""
        return ReportContext(
            repo=repo or self.settings.github.repo,
            series=series,
            timezone=self.settings.report.timezone.key,
            language=self.settings.report.languages[0],
            archive=self.archive,
            rules=self.rules,
            writer=writer,
            made_from=made_from,
            now=self.now,
            following=Following(repo or self.settings.github.repo, series, lambda: StoryIndex(self.archive)),
        )

    @cached_property
    def rules(self) -> Rules:
        """What judging threads needs of the settings."""
        return rules_of(self.settings)

    def locked(self, context: ReportContext) -> AbstractContextManager[None]:
        """Hold the lock of a series. Raises BusyError if another run does for longer than `wait`."""
        root, sleep = self.archive.root, self.runtime.sleep
        return lock_series(root, context.repo, context.series, wait=self.wait, sleep=sleep)

    @property
    def has_model(self) -> bool:
        """Is a model configured, and wanted?"""
        return bool(not self.no_llm and (self.settings.llm.base_url or self.runtime.model_key))

    @property
    def answers_folder(self) -> Path | None:
        """Where a model's answers are kept; None where there is no place for them."""
        cache = self.runtime.cache_folder
        return self.settings.llm.cache or (cache and cache / "answers")

    @contextmanager
    def writer(self, source: Source | None) -> Iterator[Writer]:
        """Who writes the reports: a model where there is one, else rules.

        The model's server is first spoken to when a window has something to tell. `source`: where the second
        pass has threads from that are not in the window.
        """
        if self.no_llm:
            yield by_rules
        elif not self.has_model:
            log.info("no model is configured: rules write everything")
            yield without_model
        else:
            with _LazyServer(self) as server:
                yield self.model_writer(server.session, source)

    def model_writer(self, session: Callable[[], Model], source: Source | None) -> ModelWriter:
        """A writer that asks the model that `session` gives for a window."""
        return ModelWriter(
            session=session,
            rules=writing_rules_of(self.settings),
            others=source.rows if source else None,
            on_progress=model_counter(shown=self.is_watched),
        )

    def model_server(self) -> Server:
        """The model's server. Raises ModelUnavailableError if it cannot be spoken to."""
        return connect(
            self.settings.llm,
            key=self.runtime.model_key,
            cache=self.answers_folder,
            sleep=self.runtime.sleep,
            monotonic=self.runtime.monotonic,
        )


def _archive_of(setup: Setup) -> Archive:
    # With `--now` in the past, reports made since then are not of the future.
    now = max(setup.now(), setup.runtime.clock())
    cache = setup.runtime.cache_folder
    return Archive(setup.settings.report.output, now, cache and cache / "archives")


class _LazyServer(ExitStack):
    """The model's server, connected to once, or found once not to be there."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self._setup = setup
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None

    def session(self) -> Model:
        """The model for one window. Raises ModelUnavailableError if there is none."""
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                self._server = self.enter_context(self._setup.model_server())
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                # A server that is not there yet may be there for the next window.
                self._failure = None if isinstance(error, SessionOverError) else error
                raise
        return self._server.session()

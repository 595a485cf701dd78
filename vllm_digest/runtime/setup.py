"""The objects a command works with, made once from its options: settings, source, writer and archive."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vllm_digest.archive import Archive, Redaction, lock_series
from vllm_digest.classify import Rules
from vllm_digest.cleaning import mask_in
from vllm_digest.config import Loaded, Settings, load_with_origins, split_thread
from vllm_digest.errors import UsageError
from vllm_digest.llm import Server, connect
from vllm_digest.model_protocol import Model
from vllm_digest.options import (
    ConfigOptions,
    ModelOptions,
    TimedOptions,
    WritingOptions,
)
from vllm_digest.options.declaring import overrides
from vllm_digest.pipeline import ReportContext, Writer
from vllm_digest.progress import model_counter, retry_notice
from vllm_digest.rules import rules_of, writing_rules_of
from vllm_digest.runtime.environment import Runtime
from vllm_digest.runtime.lazy import LazyServer, LazyWriter
from vllm_digest.sources import Source
from vllm_digest.stories.following import Following
from vllm_digest.stories.index import StoryIndex
from vllm_digest.window import parse_length, parse_moment
from vllm_digest.write import by_rules, without_model

if TYPE_CHECKING:
    from vllm_digest.write.writer import ModelWriter

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setup:
    """The objects that one command works with.

    `fixed_now`: the time of `--now`, aware UTC; None for the clock's.
    `wait`: how long to wait for another run. `no_llm`: ask no model. `is_quiet`: show no progress.
    """

    runtime: Runtime
    settings: Settings
    fixed_now: datetime | None = None
    wait: timedelta = timedelta()
    no_llm: bool = False
    is_quiet: bool = False

    def now(self) -> datetime:
        """The current time for this command, aware UTC."""
        return self.fixed_now or self.runtime.clock()

    @cached_property
    def archive(self) -> Archive:
        """The archive of stored reports."""
        return _archive_of(self)

    @property
    def shows_progress(self) -> bool:
        """Whether progress is shown on a terminal."""
        return sys.stderr.isatty() and not self.is_quiet

    def source(self, *, max_wait: timedelta | None = None, reserve: float = 0.0) -> Source:
        """The source for the configured repository. Raises UsageError without a token.

        `max_wait`: overrides `github.max_wait`. `reserve`: as in `GitHubSource`.
        """
        # PyGithub takes a quarter of a second to import; most commands do not need it.
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
            on_retry=retry_notice(shown=self.shows_progress),
            reserve=reserve,
            zone=self.settings.report.timezone,
        )

    def context(
        self, series: str, writer: Writer, *, repo: str = "", made_from: str = "github"
    ) -> ReportContext:
        """The context of the command's reports. `repo`: empty for the one in the settings."""
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
        """The rules of classification, from the settings."""
        return rules_of(self.settings)

    def locked(self, context: ReportContext) -> AbstractContextManager[None]:
        """Hold the lock of a series. Raises BusyError if another run holds it for longer than `wait`."""
        root, sleep = self.archive.root, self.runtime.sleep
        return lock_series(root, context.repo, context.series, wait=self.wait, sleep=sleep)

    @property
    def has_model(self) -> bool:
        """Whether a model is configured and not turned off."""
        return bool(not self.no_llm and (self.settings.llm.base_url or self.runtime.model_key))

    @property
    def answers_folder(self) -> Path | None:
        """The folder of stored answers; None without one."""
        cache = self.runtime.cache_folder
        return self.settings.llm.cache or (cache and cache / "answers")

    @contextmanager
    def writer(self, source: Source | None) -> Iterator[Writer]:
        """The writer of the reports: rules, or a model, connected to on first use (see `model_writer`)."""
        if self.no_llm:
            yield by_rules
        elif not self.has_model:
            log.info("no model is configured: rules write everything")
            yield without_model
        else:
            with LazyServer(self.model_server) as server:
                yield LazyWriter(lambda: self.model_writer(server.session, source))

    def model_writer(self, session: Callable[[], Model], source: Source | None) -> "ModelWriter":
        """A writer that asks the model returned by `session`. `source`: for other threads and texts."""
        from vllm_digest.write.writer import ModelWriter

        return ModelWriter(
            session=session,
            rules=writing_rules_of(self.settings),
            others=source.rows if source else None,
            on_progress=model_counter(shown=self.shows_progress),
            # Texts for a roll-up do not come from a snapshot that `make_report` has masked.
            texts=(lambda numbers, end: mask_in(source.threads(numbers, end))) if source else None,
        )

    def model_server(self, *, may_be_starting: bool = True) -> Server:
        """Connect to the model server; parameters and errors as in `llm.connect`."""
        return _server_of(self, may_be_starting=may_be_starting)


def source_if_any(setup: Setup) -> Source | None:
    """The repository of the settings, for what a page can do without; None without a token."""
    try:
        return setup.source()
    except UsageError as error:
        log.info("GitHub is not asked: %s", error.problem)
        return None


def _server_of(setup: Setup, *, may_be_starting: bool) -> Server:
    return connect(
        setup.settings.llm,
        key=setup.runtime.model_key,
        cache=setup.answers_folder,
        sleep=setup.runtime.sleep,
        monotonic=setup.runtime.monotonic,
        may_be_starting=may_be_starting,
    )


def _archive_of(setup: Setup) -> Archive:
    # With `--now` in the past, reports made after that time must not count as being in the future.
    now = max(setup.now(), setup.runtime.clock())
    cache = setup.runtime.cache_folder
    redact = setup.settings.redact
    return Archive(
        root=setup.settings.report.output,
        now=now,
        cache=cache and cache / "archives",
        redaction=Redaction(
            threads=frozenset(split_thread(one, setup.settings.github.repo) for one in redact.threads),
            logins=frozenset(redact.logins),
        ),
    )


def resolve(runtime: Runtime, options: ConfigOptions) -> Setup:
    """The setup of a command. Raises UsageError if an option, a variable or the settings file is wrong."""
    settings = load_settings(runtime, options).settings
    setup = Setup(runtime, settings, is_quiet=options.quiet)
    # Each command has only some of these options; what it does not have keeps its default.
    if isinstance(options, TimedOptions) and options.now:
        setup = replace(setup, fixed_now=parse_moment(options.now, settings.report.timezone))
    if isinstance(options, WritingOptions) and options.wait:
        setup = replace(setup, wait=parse_length(options.wait))
    if isinstance(options, ModelOptions):
        setup = replace(setup, no_llm=options.no_llm)
    return setup


def load_settings(runtime: Runtime, options: ConfigOptions) -> Loaded:
    """The settings and their origins. Raises UsageError if one is wrong."""
    file = Path(options.config) if options.config else None
    return load_with_origins(file=file, environ=runtime.environ, flags=overrides(options))

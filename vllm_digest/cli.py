"""The command line: the commands, and the only place that turns errors into messages and exit codes."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vllm_digest import __version__, options
from vllm_digest.cleaning import set_secrets
from vllm_digest.errors import EXIT_CODES, INTERRUPTED, OUTPUT_CLOSED, DigestError, StorageError
from vllm_digest.masking import Secrets
from vllm_digest.options.declaring import CommandOptions, check_encoding, parameters
from vllm_digest.printing import (
    configure_logging,
    print_error,
    print_tracebacks_clean,
    print_usage_error,
)

if TYPE_CHECKING:
    from vllm_digest.runtime import Runtime

# The commands' modules are imported when one is run, so that `--help` is fast.

DECLARED: dict[click.Command, type[CommandOptions]] = {}
"""The class that declares the options of each command."""
Given = TypeVar("Given", bound=CommandOptions)


def main() -> None:
    """Run the program."""
    # By default garbage is collected every 700 objects, which takes a tenth of the time to load modules.
    gc.set_threshold(50_000)
    print_tracebacks_clean()
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str], runtime: "Runtime | None" = None) -> int:
    """Run one command and return its exit code; errors that a person can act on are printed to stderr.

    Without `runtime` the command uses the system's clock and environment.
    """
    set_secrets(Secrets.of_environment(runtime.environ if runtime else os.environ))
    try:
        code = commands.main(list(arguments), prog_name="vllm-digest", standalone_mode=False, obj=runtime)
    except click.ClickException as error:
        print_usage_error(error)
        return error.exit_code
    except DigestError as error:
        print_error(error)
        return error.exit_code
    except OSError as error:
        print_error(StorageError.of(error))
        return StorageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted; nothing half-done was left behind.")
        return INTERRUPTED
    except SystemExit as ended:
        # Here click ends the program by itself in two cases: after a completion, and with 1 when writing to
        # stdout failed because its reader has ended.
        return OUTPUT_CLOSED if ended.code == 1 else 0
    return code if isinstance(code, int) else 0


def _system_runtime() -> "Runtime":
    from vllm_digest.runtime import Runtime

    return Runtime()


def _exit_codes() -> str:
    return "\n".join(f"  {one.code:<4} {one.meaning}" for one in EXIT_CODES)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes:\n{_exit_codes()}",
)
@click.version_option(__version__, "-V", "--version")
def commands() -> None:
    """Turn a window of a repository's issues and pull requests into a report page."""


@commands.group()
def batch() -> None:
    """Get a model's answers for many windows as a batch: submit, then collect later."""


def _command(
    given: type[Given], group: click.Group = commands
) -> Callable[[Callable[["Runtime", Given], int | None]], click.Command]:
    """Make a command of a function; its options are declared by `given`, its docstring is the help."""

    def register(function: Callable[["Runtime", Given], int | None]) -> click.Command:
        def start(**values: Any) -> int | None:
            chosen = given(**values)
            check_encoding(chosen)
            configure_logging(-1 if chosen.quiet else chosen.verbose)
            return function(click.get_current_context().obj or _system_runtime(), chosen)

        command = click.Command(
            function.__name__, callback=start, params=parameters(given), help=function.__doc__
        )
        group.add_command(command)
        DECLARED[command] = given
        return command

    return register


@_command(options.RunOptions)
def run(runtime: "Runtime", given: options.RunOptions) -> None:
    """Report on every window that is due, store the pages and print their paths.

    Each window begins where the last stored one ended. --since, --until and --date choose one window.
    """
    from vllm_digest.commands import run

    run.run(runtime, given)


@_command(options.BackfillOptions)
def backfill(runtime: "Runtime", given: options.BackfillOptions) -> None:
    """Report on past days that are not stored yet, store the pages and print their paths.

    Give one DATE, or --from and --to. A backfill that was stopped continues when it is run again.
    """
    from vllm_digest.commands import backfill

    backfill.backfill(runtime, given)


@_command(options.BatchSubmitOptions, batch)
def submit(runtime: "Runtime", given: options.BatchSubmitOptions) -> None:
    """Fetch past days like `backfill` and submit the model's requests as a batch; write no pages yet.

    Prints the request files. They are sent to a server with /v1/batches, else they are for `vllm run-batch`.
    """
    from vllm_digest.commands import batch

    batch.submit(runtime, given)


@_command(options.BatchCollectOptions, batch)
def collect(runtime: "Runtime", given: options.BatchCollectOptions) -> None:
    """Collect a batch's answers, write the pages that wait for them and print their paths."""
    from vllm_digest.commands import batch

    batch.collect(runtime, given)


@_command(options.RollupOptions)
def rollup(runtime: "Runtime", given: options.RollupOptions) -> None:
    """Make a report on a day, week, month or other span from stored reports; print its page's path.

    Data in the archive is not fetched again. Time that no report covers is shown as a gap on the page.
    """
    from vllm_digest.commands import rollup

    rollup.rollup(runtime, given)


@_command(options.StoryOptions)
def story(runtime: "Runtime", given: options.StoryOptions) -> None:
    """Print what stored reports say about a thread: events, reports, statements, why it is watched."""
    from vllm_digest.commands import story

    story.story(runtime, given)


@_command(options.ExportOptions)
def export(runtime: "Runtime", given: options.ExportOptions) -> None:
    """Write the archive as tables, one file each, and print their paths."""
    from vllm_digest.commands import export

    export.export(runtime, given)


@_command(options.StatusOptions)
def status(runtime: "Runtime", given: options.StatusOptions) -> int:
    """Print what is stored, what is missing and what the next run would do.

    The exit code is 1 if windows of the configured series are missing or late.
    """
    from vllm_digest.commands import status

    return status.status(runtime, given)


@_command(options.DoctorOptions)
def doctor(runtime: "Runtime", given: options.DoctorOptions) -> int:
    """Check what a run needs: settings, GitHub, the model's server, folders; say what to fix.

    The exit code is that of the first failure; 4 if it is the model, since rules can still write pages.
    """
    from vllm_digest.commands import doctor

    return doctor.doctor(runtime, given)


@_command(options.ShowConfigOptions)
def config(runtime: "Runtime", given: options.ShowConfigOptions) -> None:
    """Print every setting with its default and meaning, or the values a run would use; needs no token."""
    from vllm_digest.commands import config

    config.config(runtime, given)


@_command(options.RenderOptions)
def render(runtime: "Runtime", given: options.RenderOptions) -> None:
    """Print the page of a stored data file in any language, without network or model."""
    from vllm_digest.commands import render

    render.render(runtime, given)


@_command(options.PullOptions)
def pull(runtime: "Runtime", given: options.PullOptions) -> None:
    """Copy the published reports from the branch into the folder."""
    from vllm_digest.commands import branch

    branch.pull(runtime, given)


@_command(options.BranchOptions)
def push(runtime: "Runtime", given: options.BranchOptions) -> None:
    """Publish new reports on the branch and print their pages' paths."""
    from vllm_digest.commands import branch

    branch.push(runtime, given)


@_command(options.NotifyOptions)
def notify(runtime: "Runtime", given: options.NotifyOptions) -> None:
    """Send a message about new reports to the services in APPRISE_URLS; do nothing if there are none."""
    from vllm_digest.commands import notify

    notify.notify(runtime, given)


@_command(options.InitOptions)
def init(runtime: "Runtime", given: options.InitOptions) -> None:
    """Create a repository that publishes a site; print the files written.

    Existing files are kept; --update replaces those that nobody has changed.
    """
    from vllm_digest.commands import init

    init.init(runtime, given)


@_command(options.SiteOptions)
def site(runtime: "Runtime", given: options.SiteOptions) -> None:
    """Make the folder that Jekyll builds from the reports of a repository made by `init`; print its path."""
    from vllm_digest.commands import site

    site.site(runtime, given)

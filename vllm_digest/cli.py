"""The command line: its options, and the one door through which errors become messages and exit codes."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from vllm_digest import __version__
from vllm_digest.cleaning import begin
from vllm_digest.errors import DigestError
from vllm_digest.printing import print_error, print_tracebacks_clean, print_usage_error
from vllm_digest.runtime import Runtime

# What the commands do is imported when one begins: `--help` must not wait for it.

F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """The program."""
    print_tracebacks_clean()
    sys.exit(run_command(sys.argv[1:], Runtime()))


def run_command(arguments: Sequence[str], runtime: Runtime) -> int:
    """Run one command and give its exit code; what a person can act on becomes a message on stderr."""
    begin(runtime.secrets)
    try:
        code = commands.main(list(arguments), prog_name="vllm-digest", standalone_mode=False, obj=runtime)
    except click.ClickException as error:
        print_usage_error(error)
        return error.exit_code
    except DigestError as error:
        print_error(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print_error("interrupted; nothing half-done was left behind.")
        return 130
    return code if isinstance(code, int) else 0


def _shared(command: F) -> F:
    """Options that every command has."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors."),
        click.option("-v", "--verbose", count=True, help="Say what is asked and why; -vv: each detail."),
    ):
        command = option(command)
    return command


def _on_a_branch(command: F) -> F:
    """Options of the commands that know the branch of reports."""
    for option in (
        click.option("--config", metavar="FILE", help="Settings.  [default: config.yaml, if it is there]"),
        click.option("--output", metavar="DIR", help="The folder of the reports.  [default: archive]"),
        click.option("--branch", default="reports", show_default=True, help="The branch that keeps them."),
        click.option("--remote", metavar="URL", help="Its repository.  [default: origin of this folder's]"),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version")
def commands() -> None:
    """Turn a window of a repository's issues and pull requests into a Chinese report page.

    \b
    Exit codes:
      0    done; a quiet window is done, too
      1    status alone: windows are missing or late
      2    wrong usage or configuration
      3    GitHub failed; what was published before that stays
      4    published, but --strict and rules wrote what a model was to write
      5    a file, or the branch of reports, could not be written
      6    another run is at work on the same series
      7    a page failed its own check and was set aside
      8    backfill --collect alone: a batch has no answers yet
      130  interrupted
    """


@commands.command()
@click.option("--window", metavar="LENGTH", help="How long windows are: 90m, 1h, 24h, 7d.  [default: 1h]")
@click.option(
    "--since", metavar="TIME", help="The start of one, ISO 8601; in the configured zone without an offset."
)
@click.option("--until", metavar="TIME", help="Its end, which does not belong to it.  [default: now]")
@click.option("--date", metavar="DATE", help="A whole calendar day of the configured zone.")
@click.option("--exact", is_flag=True, help="The last LENGTH alone, whatever is stored.")
@click.option("--now", metavar="TIME", help="The present time for this run, to repeat or simulate it.")
@click.option("--repo", metavar="OWNER/NAME", help="The repository.  [default: vllm-project/vllm]")
@click.option("--config", metavar="FILE", help="Settings.  [default: config.yaml, if it is there]")
@click.option("--output", metavar="DIR", help="The folder to write to.  [default: archive]")
@click.option("--wait", metavar="LENGTH", help="How long to wait for another run.  [default: not at all]")
@click.option("--sample", is_flag=True, help="Report on a recorded hour: no token, key or network.")
@click.option("--no-llm", is_flag=True, help="Have every section written by rules.")
@click.option("--max-cost", metavar="SUM", help="What the model may cost; beyond it rules write.")
@click.option("--strict", is_flag=True, help="End with code 4 if rules wrote a part of a model's.")
@click.option("--dry-run", is_flag=True, help="Print the page and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a window instead.")
@_shared
@click.pass_obj
def run(runtime: Runtime, /, **options: Any) -> None:
    """Report on all that is due and store each page; print the pages' paths.

    Windows join: each begins where the last stored one ended. --since, --until and --date name one window.
    """
    from vllm_digest.commands import run

    run.run(runtime, run.RunOptions(**options))


@commands.command()
@click.argument("day", metavar="[DATE]", required=False)
@click.option("--from", "first", metavar="DATE", help="The first day of the configured zone, or a time.")
@click.option("--to", "last", metavar="DATE", help="The last day, or the time at which it ends.")
@click.option(
    "--window", default="24h", show_default=True, metavar="LENGTH", help="How long windows are: 24h, 1h."
)
@click.option("--force", is_flag=True, help="Report again on what is stored.")
@click.option("--now", metavar="TIME", help="The present time for this run, to repeat or simulate it.")
@click.option("--repo", metavar="OWNER/NAME", help="The repository.  [default: vllm-project/vllm]")
@click.option("--config", metavar="FILE", help="Settings.  [default: config.yaml, if it is there]")
@click.option("--output", metavar="DIR", help="The folder to write to.  [default: archive]")
@click.option(
    "--max-wait",
    metavar="LENGTH",
    help="How long to wait in all for GitHub's limits.  [default: without end on a terminal, else 15m]",
)
@click.option("--wait", metavar="LENGTH", help="How long to wait for another run.  [default: not at all]")
@click.option("--no-llm", is_flag=True, help="Have every section written by rules.")
@click.option("--max-cost", metavar="SUM", help="What the model may cost; beyond it rules write.")
@click.option("--strict", is_flag=True, help="End with code 4 if rules wrote a part of a model's.")
@click.option("--batch", is_flag=True, help="Have a model's requests made for a batch; write no pages yet.")
@click.option("--collect", is_flag=True, help="Take a batch's answers and write what waits for them.")
@click.option("--answers", multiple=True, metavar="FILE", help="Answers of `vllm run-batch`, for --collect.")
@click.option("--dry-run", is_flag=True, help="Say how much it is, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a window instead.")
@_shared
@click.pass_obj
def backfill(runtime: Runtime, /, **options: Any) -> None:
    """Report on past days that are not stored yet and store each page; print the pages' paths.

    Of one DATE, or --from one --to another. What was stopped goes on where it was when it is run again.
    """
    from vllm_digest.commands import backfill

    backfill.backfill(runtime, backfill.BackfillOptions(**options))


@commands.command()
@click.option("--window", metavar="LENGTH", help="The series to judge.  [default: 1h]")
@click.option("--now", metavar="TIME", help="The present time for this command.")
@click.option("--repo", metavar="OWNER/NAME", help="Its repository.  [default: vllm-project/vllm]")
@click.option("--config", metavar="FILE", help="Settings.  [default: config.yaml, if it is there]")
@click.option("--output", metavar="DIR", help="The folder of the reports.  [default: archive]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@_shared
@click.pass_obj
def status(runtime: Runtime, /, **options: Any) -> int:
    """Tell what is stored and missing and what the next run would do.

    Exit code 1 when windows of the configured series are missing or late.
    """
    from vllm_digest.commands import status

    return status.status(runtime, status.StatusOptions(**options))


@commands.command()
@click.option("--repo", metavar="OWNER/NAME", help="The repository.  [default: vllm-project/vllm]")
@click.option("--config", metavar="FILE", help="Settings.  [default: config.yaml, if it is there]")
@click.option("--output", metavar="DIR", help="The folder of the reports.  [default: archive]")
@_shared
@click.pass_obj
def doctor(runtime: Runtime, /, **options: Any) -> int:
    """Try what a run needs: settings, GitHub, the model's server, folders; say what to mend.

    The exit code is that of the first that fails; 4 when it is the model, for then rules write.
    """
    from vllm_digest.commands import doctor

    return doctor.doctor(runtime, doctor.DoctorOptions(**options))


@commands.command()
@click.argument("data", metavar="DATA.json")
@_shared
@click.pass_obj
def render(runtime: Runtime, /, **options: Any) -> None:
    """Print the page of a stored data file, made anew without network."""
    from vllm_digest.commands import render

    render.render(runtime, render.RenderOptions(**options))


@commands.command()
@_on_a_branch
@_shared
@click.pass_obj
def pull(runtime: Runtime, /, **options: Any) -> None:
    """Bring the reports that are published on the branch."""
    from vllm_digest.commands import branch

    branch.pull(runtime, branch.BranchOptions(**options))


@commands.command()
@_on_a_branch
@_shared
@click.pass_obj
def push(runtime: Runtime, /, **options: Any) -> None:
    """Publish new reports on the branch; print their pages' paths."""
    from vllm_digest.commands import branch

    branch.push(runtime, branch.BranchOptions(**options))


@commands.command()
@click.argument("reports", metavar="[PAGE]...", nargs=-1)
@click.option("--site", metavar="URL", help="The site's address, for links to the pages.")
@click.option("--dry-run", is_flag=True, help="Print the message and send nothing.")
@_shared
@click.pass_obj
def notify(runtime: Runtime, /, **options: Any) -> None:
    """Tell the services of APPRISE_URLS of new reports; without any, do nothing."""
    from vllm_digest.commands import notify

    notify.notify(runtime, notify.NotifyOptions(**options))


@commands.command()
@click.argument("folder", metavar="DIR")
@_shared
@click.pass_obj
def init(runtime: Runtime, /, **options: Any) -> None:
    """Lay out a repository that publishes a site; print the files written.

    Files that are there already are left as they are.
    """
    from vllm_digest.commands import init

    init.init(runtime, init.InitOptions(**options))


@commands.command()
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--to", metavar="STAGING", help="The folder to make.  [default: DIR/staging]")
@_shared
@click.pass_obj
def site(runtime: Runtime, /, **options: Any) -> None:
    """Make the folder that Jekyll builds, from the reports of a repository that `init` laid out; print it."""
    from vllm_digest.commands import site

    site.site(runtime, site.SiteOptions(**options))

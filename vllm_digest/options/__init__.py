"""Every option and argument of every command, each declared once as a field of a dataclass.

`--help`, the parsing by click, the overrides of settings, and the tables in docs/commands.md are made from
these fields. Base classes hold the options that several commands share.
"""

from dataclasses import dataclass

from vllm_digest.options.declaring import CommandOptions, argument, option


@dataclass(frozen=True, kw_only=True)
class ConfigOptions(CommandOptions):
    """Options of every command that reads settings. Options that were not given are None."""

    config: str | None = option(
        "--config", metavar="FILE", help="Settings.", usual="config.yaml, if it is there"
    )


@dataclass(frozen=True, kw_only=True)
class LanguageOptions(ConfigOptions):
    """Options of commands that show stored reports in one language."""

    language: str | None = option(
        "--language", metavar="LANGUAGE", help="zh or en.", usual="the first of report.languages"
    )


@dataclass(frozen=True, kw_only=True)
class SettingsOptions(ConfigOptions):
    """Options of commands that use the archive."""

    output: str | None = option(
        "--output", metavar="DIR", help="The folder of the reports.", setting="report.output", usual="archive"
    )


@dataclass(frozen=True, kw_only=True)
class RepoOptions(SettingsOptions):
    """Options of commands about one repository."""

    repo: str | None = option(
        "--repo",
        metavar="OWNER/NAME",
        help="The repository.",
        setting="github.repo",
        usual="vllm-project/vllm",
    )


@dataclass(frozen=True, kw_only=True)
class TimedOptions(RepoOptions):
    """Options of commands that use the current time."""

    now: str | None = option("--now", metavar="TIME", help="The present time, to repeat or simulate a run.")


@dataclass(frozen=True, kw_only=True)
class WritingOptions(TimedOptions):
    """Options of commands that write reports of a series."""

    wait: str | None = option(
        "--wait", metavar="LENGTH", help="How long to wait for another run.", usual="not at all"
    )
    max_cost: str | None = option(
        "--max-cost",
        metavar="SUM",
        help="What the model may cost; beyond it rules write.",
        setting="llm.max_cost",
    )


@dataclass(frozen=True, kw_only=True)
class PageOptions(WritingOptions):
    """Options of commands that make pages."""

    strict: bool = option("--strict", help="End with code 4 if rules wrote a part of a model's.")
    as_json: bool = option("--json", "as_json", help="Print one JSON object a window instead.")


@dataclass(frozen=True, kw_only=True)
class ModelOptions(PageOptions):
    """Options of commands that ask a model directly."""

    no_llm: bool = option("--no-llm", help="Have every section written by rules.")


@dataclass(frozen=True, kw_only=True)
class RunOptions(ModelOptions):
    window: str | None = option(
        "--window",
        metavar="LENGTH",
        help="How long windows are: 90m, 1h, 24h, 7d.",
        setting="report.window",
        usual="1h",
    )
    since: str | None = option(
        "--since",
        metavar="TIME",
        help="The start of one, ISO 8601; in the configured zone without an offset.",
    )
    until: str | None = option(
        "--until", metavar="TIME", help="Its end, which does not belong to it.", usual="now"
    )
    date: str | None = option(
        "--date", metavar="DATE", help="A whole calendar day of the configured zone, or `yesterday`."
    )
    exact: bool = option("--exact", help="The last LENGTH alone, whatever is stored.")
    sample: bool = option("--sample", help="Report on a recorded hour: no token, key or network.")
    dry_run: bool = option("--dry-run", help="Print the page and write nothing.")


@dataclass(frozen=True, kw_only=True)
class SpanOptions(WritingOptions):
    """Options of commands about a span of past time."""

    first: str | None = option(
        "--from", "first", metavar="DATE", help="The first day of the configured zone, or a time."
    )
    last: str | None = option(
        "--to", "last", metavar="DATE", help="The last day, or the time at which it ends."
    )
    force: bool = option("--force", help="Make again what is stored.")


@dataclass(frozen=True, kw_only=True)
class RangeOptions(SpanOptions):
    """Options of commands that fetch a range of past days."""

    day: str | None = argument("[DATE]", "One day of the configured zone.", default=None)
    window: str = option(
        "--window", metavar="LENGTH", help="How long windows are: 24h, 1h.", default="24h", usual="24h"
    )
    max_wait: str | None = option(
        "--max-wait",
        metavar="LENGTH",
        help="How long to wait in all for GitHub's limits.",
        setting="github.max_wait",
        usual="without end on a terminal, else 15m",
    )


@dataclass(frozen=True, kw_only=True)
class BackfillOptions(RangeOptions, ModelOptions):
    dry_run: bool = option("--dry-run", help="Say how much it is, and do nothing.")


@dataclass(frozen=True, kw_only=True)
class BatchSubmitOptions(RangeOptions):
    pass


@dataclass(frozen=True, kw_only=True)
class BatchCollectOptions(PageOptions):
    window: str = option(
        "--window", metavar="LENGTH", help="How long its windows are.", default="24h", usual="24h"
    )
    answers: tuple[str, ...] = option(
        "--answers",
        metavar="FILE",
        several=True,
        default=(),
        help="Answers that `vllm run-batch` wrote; may be given several times.",
    )


@dataclass(frozen=True, kw_only=True)
class RollupOptions(SpanOptions, ModelOptions):
    day: str | None = option("--day", metavar="DATE", help="A day of the configured zone: 2025-12-10.")
    week: str | None = option("--week", metavar="WEEK", help="An ISO week, from Monday on: 2025-W50.")
    month: str | None = option("--month", metavar="MONTH", help="A month: 2025-12.")
    of: str | None = option(
        "--of", metavar="SERIES", help="The series that it is made from.", usual="that of report.window"
    )
    dry_run: bool = option("--dry-run", help="Say what it would be made of, and do nothing.")


@dataclass(frozen=True, kw_only=True)
class StoryOptions(RepoOptions):
    number: str = argument("NUMBER", "The number of an issue or pull request.")
    as_json: bool = option("--json", "as_json", help="Print one JSON object instead.")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(RepoOptions):
    folder: str = argument("DIR", "The folder to write the tables to.")
    format: str = option(
        "--format",
        metavar="FORMAT",
        help="How they are written: jsonl or csv.",
        default="jsonl",
        usual="jsonl",
    )


@dataclass(frozen=True, kw_only=True)
class StatusOptions(TimedOptions):
    window: str | None = option(
        "--window", metavar="LENGTH", help="The series to judge.", setting="report.window", usual="1h"
    )
    as_json: bool = option("--json", "as_json", help="Print one JSON object instead.")


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(RepoOptions):
    pass


@dataclass(frozen=True, kw_only=True)
class ShowConfigOptions(RepoOptions):
    effective: bool = option("--effective", help="Print what a run would use, and where each value is from.")


@dataclass(frozen=True, kw_only=True)
class RenderOptions(LanguageOptions):
    data: str = argument("DATA.json", "The data file of a stored report.")


@dataclass(frozen=True, kw_only=True)
class BranchOptions(SettingsOptions):
    branch: str = option(
        "--branch",
        metavar="NAME",
        help="The branch that keeps the reports.",
        default="reports",
        usual="reports",
    )
    remote: str | None = option(
        "--remote", metavar="URL", help="Its repository.", usual="origin of this folder's"
    )
    wait: str | None = option(
        "--wait", metavar="LENGTH", help="How long to wait for another run.", usual="30m"
    )


@dataclass(frozen=True, kw_only=True)
class PullOptions(BranchOptions):
    accept_removals: bool = option(
        "--accept-removals", help="Remove here, too, what the branch no longer has."
    )


@dataclass(frozen=True, kw_only=True)
class NotifyOptions(LanguageOptions):
    reports: tuple[str, ...] = argument("[PAGE]...", "Pages that were stored.", several=True)
    site: str | None = option("--site", metavar="URL", help="The site's address, for links to the pages.")
    dry_run: bool = option("--dry-run", help="Print the message and send nothing.")


@dataclass(frozen=True, kw_only=True)
class InitOptions(CommandOptions):
    folder: str = argument("DIR", "The folder of the repository.")
    update: bool = option("--update", help="Replace files that are as an earlier version laid them out.")


@dataclass(frozen=True, kw_only=True)
class SiteOptions(CommandOptions):
    folder: str = argument("[DIR]", "The folder of the repository.", default=".")
    to: str | None = option("--to", metavar="STAGING", help="The folder to make.", usual="DIR/staging")

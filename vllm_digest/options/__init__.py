"""Every option and argument of every command, each declared once as a field of a dataclass.

`--help`, the parsing by click, the overrides of settings, and the tables in docs/commands.md are made from
these fields. Base classes hold the options that several commands share.
"""

from dataclasses import dataclass

from vllm_digest.options.declaring import CommandOptions, argument, option


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ConfigOptions(CommandOptions):
    """Options of every command that reads settings. Options that were not given are None."""

    config: str | None = option(
        "--config", metavar="FILE", help="The settings file.", default_text="config.yaml, if it exists"
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LanguageOptions(ConfigOptions):
    """Options of commands that show stored reports in one language."""

    language: str | None = option(
        "--language",
        metavar="LANGUAGE",
        help="The language: zh or en.",
        default_text="the first of report.languages",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SettingsOptions(ConfigOptions):
    """Options of commands that use the archive."""

    output: str | None = option(
        "--output",
        metavar="DIR",
        help="The folder for reports.",
        setting="report.output",
        default_text="archive",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RepoOptions(SettingsOptions):
    """Options of commands about one repository."""

    repo: str | None = option(
        "--repo",
        metavar="OWNER/NAME",
        help="The repository.",
        setting="github.repo",
        default_text="vllm-project/vllm",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TimedOptions(RepoOptions):
    """Options of commands that use the current time."""

    now: str | None = option("--now", metavar="TIME", help="The current time, to repeat or simulate a run.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WritingOptions(TimedOptions):
    """Options of commands that write reports of a series."""

    wait: str | None = option(
        "--wait", metavar="LENGTH", help="How long to wait for another run to end.", default_text="not at all"
    )
    max_cost: str | None = option(
        "--max-cost",
        metavar="SUM",
        help="Cost limit for the model; rules write the rest.",
        setting="llm.max_cost",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PageOptions(WritingOptions):
    """Options of commands that make pages."""

    strict: bool = option("--strict", help="End with code 4 if rules wrote a part meant for a model.")
    as_json: bool = option("--json", "as_json", help="Print one JSON object per window instead.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ModelOptions(PageOptions):
    """Options of commands that ask a model directly."""

    no_llm: bool = option("--no-llm", help="Use no model: rules write every section.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunOptions(ModelOptions):
    window: str | None = option(
        "--window",
        metavar="LENGTH",
        help="The length of a window: 90m, 1h, 24h, 7d.",
        setting="report.window",
        default_text="1h",
    )
    since: str | None = option(
        "--since",
        metavar="TIME",
        help="Start of a window, ISO 8601, in the configured time zone unless it has an offset.",
    )
    until: str | None = option(
        "--until", metavar="TIME", help="End of the window, exclusive.", default_text="now"
    )
    date: str | None = option(
        "--date", metavar="DATE", help="A calendar day in the configured time zone, or `yesterday`."
    )
    exact: bool = option("--exact", help="Report only on the last LENGTH, whatever is stored.")
    sample: bool = option("--sample", help="Report on a recorded hour; needs no token, key or network.")
    dry_run: bool = option("--dry-run", help="Print the page and write nothing.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SpanOptions(WritingOptions):
    """Options of commands about a span of past time."""

    first: str | None = option(
        "--from", "first", metavar="DATE", help="The first day in the configured time zone, or a time."
    )
    last: str | None = option("--to", "last", metavar="DATE", help="The last day, or the end as a time.")
    force: bool = option("--force", help="Replace stored reports.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RangeOptions(SpanOptions):
    """Options of commands that fetch a range of past days."""

    day: str | None = argument("[DATE]", "One day in the configured time zone.", default=None)
    window: str = option(
        "--window",
        metavar="LENGTH",
        help="The length of a window: 24h, 1h.",
        default="24h",
        default_text="24h",
    )
    max_wait: str | None = option(
        "--max-wait",
        metavar="LENGTH",
        help="How long to wait in total for GitHub's rate limits.",
        setting="github.max_wait",
        default_text="no limit on a terminal, else 15m",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BackfillOptions(RangeOptions, ModelOptions):
    dry_run: bool = option("--dry-run", help="Print an estimate and do nothing.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BatchSubmitOptions(RangeOptions):
    pass


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BatchCollectOptions(PageOptions):
    window: str = option(
        "--window",
        metavar="LENGTH",
        help="The length of the batch's windows.",
        default="24h",
        default_text="24h",
    )
    answers: tuple[str, ...] = option(
        "--answers",
        metavar="FILE",
        several=True,
        default=(),
        help="A file of answers from `vllm run-batch`; may be given several times.",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RollupOptions(SpanOptions, ModelOptions):
    day: str | None = option("--day", metavar="DATE", help="A day in the configured time zone: 2025-12-10.")
    week: str | None = option("--week", metavar="WEEK", help="An ISO week, which starts on Monday: 2025-W50.")
    month: str | None = option("--month", metavar="MONTH", help="A month: 2025-12.")
    of: str | None = option(
        "--of",
        metavar="SERIES",
        help="The series to make it from.",
        default_text="the series of report.window",
    )
    dry_run: bool = option("--dry-run", help="Print what it would be made from, and do nothing.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StoryOptions(RepoOptions):
    number: str = argument("NUMBER", "The number of an issue or pull request.")
    as_json: bool = option("--json", "as_json", help="Print one JSON object instead.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExportOptions(RepoOptions):
    folder: str = argument("DIR", "The folder to write the tables to.")
    format: str = option(
        "--format",
        metavar="FORMAT",
        help="The file format: jsonl or csv.",
        default="jsonl",
        default_text="jsonl",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StatusOptions(TimedOptions):
    window: str | None = option(
        "--window",
        metavar="LENGTH",
        help="The window length of the series to check.",
        setting="report.window",
        default_text="1h",
    )
    as_json: bool = option("--json", "as_json", help="Print one JSON object instead.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DoctorOptions(RepoOptions):
    pass


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ShowConfigOptions(RepoOptions):
    effective: bool = option(
        "--effective", help="Print the values a run would use, and where each comes from."
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RenderOptions(LanguageOptions):
    data: str = argument("DATA.json", "The data file of a stored report.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BranchOptions(SettingsOptions):
    branch: str = option(
        "--branch",
        metavar="NAME",
        help="The branch that holds the reports.",
        default="reports",
        default_text="reports",
    )
    remote: str | None = option(
        "--remote",
        metavar="URL",
        help="The repository of that branch.",
        default_text="origin of the current folder's repository",
    )
    wait: str | None = option(
        "--wait", metavar="LENGTH", help="How long to wait for another run to end.", default_text="30m"
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PullOptions(BranchOptions):
    accept_removals: bool = option(
        "--accept-removals", help="Also remove local reports that the branch no longer has."
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NotifyOptions(LanguageOptions):
    reports: tuple[str, ...] = argument("[PAGE]...", "Stored pages.", several=True)
    site: str | None = option("--site", metavar="URL", help="The site's address, for links to the pages.")
    dry_run: bool = option("--dry-run", help="Print the message and send nothing.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class InitOptions(CommandOptions):
    folder: str = argument("DIR", "The folder of the repository.")
    update: bool = option("--update", help="Replace files that you have not changed since `init` wrote them.")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SiteOptions(CommandOptions):
    folder: str = argument("[DIR]", "The folder of the repository.", default=".")
    to: str | None = option(
        "--to", metavar="STAGING", help="The folder to write.", default_text="DIR/staging"
    )

"""`vllm-digest site`: what Jekyll builds, made from the stored reports."""

from dataclasses import replace
from pathlib import Path

from vllm_digest.config import DEFAULT_FILE
from vllm_digest.errors import PageError, UsageError, counted
from vllm_digest.options import SettingsOptions, SiteOptions
from vllm_digest.printing import print_product
from vllm_digest.runtime import Runtime, resolve
from vllm_digest.site.editions import Site
from vllm_digest.site.staging import build_staging
from vllm_digest.window import format_length


def site(runtime: Runtime, options: SiteOptions) -> None:
    """Make the staging folder and print its path. Raises PageError at the end if a report was left out."""
    folder = Path(options.folder)
    config, theme = folder / DEFAULT_FILE, folder / "jekyll"
    if not config.is_file() or not theme.is_dir():
        raise UsageError(
            f"{folder} has no {config.name} and no folder {theme.name}: it is not a publishing repository.",
            f"`vllm-digest init {folder}` lays one out.",
        )
    # The repository's own settings and not those of the current folder.
    setup = resolve(runtime, SettingsOptions(config=str(config)))
    settings = setup.settings
    values = Site(
        theme=theme,
        project=settings.project,
        focus=setup.rules.focus.words.name,
        repo=settings.github.repo,
        series=format_length(settings.report.window),
        zone=settings.report.timezone,
        languages=settings.report.languages,
    )
    target = Path(options.to) if options.to else folder / "staging"
    archive = replace(setup.archive, root=folder / settings.report.output)
    missing = build_staging(values, archive, target, runtime.clock())
    print_product(f"{target}\n")
    if missing.refused:
        raise PageError(
            f"The archive has {counted(missing.refused, 'file')} that cannot be read as reports; "
            f"the others are in {target}.",
            "The messages above name them and say what to do.",
        )
    if missing.pages:
        raise PageError(
            f"Not shown: {counted(missing.pages, 'page')} of reports; the others are in {target}.",
            "`vllm-digest run` makes those again that were set aside.",
        )

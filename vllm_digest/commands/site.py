"""`vllm-digest site`: what Jekyll builds, made from the stored reports."""

from pathlib import Path

from vllm_digest.config import USUAL_FILE
from vllm_digest.errors import PageError, UsageError
from vllm_digest.options import SettingsOptions, SiteOptions
from vllm_digest.printing import print_product
from vllm_digest.runtime import Runtime
from vllm_digest.site.editions import Site
from vllm_digest.site.entries import read
from vllm_digest.site.staging import build_staging
from vllm_digest.window import format_length


def site(runtime: Runtime, options: SiteOptions) -> None:
    """Make the staging folder and print it; PageError in the end when a report had to be left out."""
    folder = Path(options.folder)
    config, look = folder / USUAL_FILE, folder / "jekyll"
    if not config.is_file() or not look.is_dir():
        raise UsageError(
            f"{folder} has no {config.name} and no folder {look.name}: it is no publishing repository.",
            f"`vllm-digest init {folder}` lays one out.",
        )
    settings = runtime.resolve(SettingsOptions(config=str(config))).settings
    plan = Site(
        look=look,
        archive=folder / settings.report.output,
        project=settings.project,
        focus=settings.focus.name,
        repo=settings.github.repo,
        series=format_length(settings.report.window),
        zone=settings.report.timezone,
        languages=settings.report.languages,
    )
    target = Path(options.to) if options.to else folder / "staging"
    left_out = build_staging(plan, read(plan.archive), target, runtime.clock())
    print_product(f"{target}\n")
    if left_out:
        raise PageError(
            f"{left_out} pages of reports cannot be shown; the others are in {target}.",
            "`vllm-digest run` tries again to make those that were set aside.",
        )

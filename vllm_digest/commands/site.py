"""`vllm-digest site`: what Jekyll builds, made from the stored reports."""

from dataclasses import dataclass
from pathlib import Path

from vllm_digest.commands.common import print_product, settings_of, start_talking
from vllm_digest.config import USUAL_FILE
from vllm_digest.errors import PageError, UsageError
from vllm_digest.site.entries import read
from vllm_digest.site.staging import Site, stage
from vllm_digest.window import format_length
from vllm_digest.world import World


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """The options of `site` as they were given; None where they were not."""

    folder: str
    to: str | None
    verbose: bool
    quiet: bool


def site(world: World, options: SiteOptions) -> None:
    """Make the staging folder and print it; PageError in the end when a report had to be left out."""
    start_talking(options)
    folder = Path(options.folder)
    config, look = folder / USUAL_FILE, folder / "jekyll"
    if not config.is_file() or not look.is_dir():
        raise UsageError(
            f"{folder} has no {config.name} and no folder {look.name}: it is no publishing repository.",
            f"`vllm-digest init {folder}` lays one out.",
        )
    settings = settings_of(world, str(config), {})
    plan = Site(
        look=look,
        archive=folder / settings.report.output,
        project=settings.project,
        focus=settings.focus.name,
        repo=settings.github.repo,
        series=format_length(settings.report.window),
        zone=settings.report.timezone,
    )
    shelf = read(plan.archive)
    target = Path(options.to) if options.to else folder / "staging"
    stage(plan, shelf, target, world.clock())
    print_product(f"{target}\n")
    if shelf.left_out:
        raise PageError(
            f"{len(shelf.left_out)} of the reports have no page to show; the others are in {target}.",
            "`vllm-digest run` tries again to make those that were set aside.",
        )

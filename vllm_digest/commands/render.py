"""`vllm-digest render`: a stored report's page, made anew without network."""

from dataclasses import dataclass
from pathlib import Path

from vllm_digest import archive
from vllm_digest.commands.common import configure_logging
from vllm_digest.printing import print_product
from vllm_digest.render import render as render_page
from vllm_digest.runtime import Runtime


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """The options of `render` as they were given."""

    data: str
    verbose: int
    quiet: bool


def render(_runtime: Runtime, options: RenderOptions) -> None:
    """Print the page of a data file."""
    configure_logging(options)
    print_product(render_page(archive.load(Path(options.data))))

"""`vllm-digest render`: a stored report's page, made anew without network."""

from pathlib import Path

from vllm_digest import archive
from vllm_digest.options import RenderOptions
from vllm_digest.printing import print_product
from vllm_digest.render import render as render_page
from vllm_digest.runtime import Runtime


def render(_runtime: Runtime, options: RenderOptions) -> None:
    """Print the page of a data file."""
    print_product(render_page(archive.load(Path(options.data))))

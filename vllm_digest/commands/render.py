"""`vllm-digest render`: render the page of a stored report without network."""

from pathlib import Path

from vllm_digest.languages import language_of, root_of
from vllm_digest.options import RenderOptions
from vllm_digest.printing import print_page
from vllm_digest.render import render as render_page
from vllm_digest.runtime import Runtime, resolve


def render(runtime: Runtime, options: RenderOptions) -> None:
    """Print the page of a data file. Raises UsageError for a language without a pack."""
    setup = resolve(runtime, options)
    languages = setup.settings.report.languages
    language = language_of(options.language, languages)
    path = Path(options.data)
    report = setup.archive.read(path)
    print_page(render_page(report, language, root_of(language, languages)))

"""`vllm-digest config`: print the example file, or the settings that a run would use."""

from vllm_digest.config import effective, example
from vllm_digest.options import ShowConfigOptions
from vllm_digest.printing import print_page
from vllm_digest.runtime import Runtime, load_settings


def config(runtime: Runtime, options: ShowConfigOptions) -> None:
    """Print the example file, or with `--effective` the settings and the origin of each."""
    if options.effective:
        print_page(effective(load_settings(runtime, options), runtime.environ))
    else:
        # Does not read the settings, so that it works if they have an error.
        print_page(example())

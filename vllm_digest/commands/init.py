"""`vllm-digest init`: a publishing repository laid out, or completed."""

import logging
from pathlib import Path

from vllm_digest import templating
from vllm_digest.errors import StorageError
from vllm_digest.files import write_together
from vllm_digest.options import InitOptions
from vllm_digest.printing import print_product
from vllm_digest.runtime import Runtime

log = logging.getLogger(__name__)


def init(_runtime: Runtime, options: InitOptions) -> None:
    """Write the files that are not there yet and print them; no file that is there is touched."""
    source, target = templating.folder() / "site", Path(options.folder)
    for template in sorted(path for path in source.rglob("*") if path.is_file()):
        path = target / template.relative_to(source)
        wanted = template.read_bytes()
        if not path.exists():
            write_together({path: wanted})
            print_product(f"{path}\n")
        elif _content(path) != wanted:
            log.warning("%s is left as it is; it differs from what this version lays out", path)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None

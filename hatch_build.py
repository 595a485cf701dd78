"""Make the README's links absolute in the package's metadata, because an index has no files beside it.

https://hatch.pypa.io/latest/plugins/metadata-hook/custom/
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r'(\]\(|src="|srcset=")(?!https?://|#)')


class ReadmeHook(MetadataHookInterface):
    """Set `readme` of the project's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        address = f"{metadata['urls']['Homepage']}/{{}}/main/"
        text = _LINK.sub(lambda link: link[1] + address.format("blob" if link[1] == "](" else "raw"), readme)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}

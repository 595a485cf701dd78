"""The folder of reports: one page and one data file for each window, read as untrusted input.

`reports/OWNER/NAME/SERIES/YYYY/MM/START-END.md` with the `.json` beside it. Later runs depend only on what is
stored. Only `Archive` reads it: it turns files into reports, or refuses them with a reason.
"""

from vllm_digest.archive.archive import NEVER, Archive
from vllm_digest.archive.folder import Refused
from vllm_digest.archive.listing import Listing, command_for
from vllm_digest.archive.lock import lock_series, lock_whole
from vllm_digest.archive.pending import Pending
from vllm_digest.archive.reader import why_no_report
from vllm_digest.archive.redaction import Redaction
from vllm_digest.archive.writing import Stored, document, move_page_aside, put, remove

__all__ = [
    "NEVER",
    "Archive",
    "Listing",
    "Pending",
    "Redaction",
    "Refused",
    "Stored",
    "command_for",
    "document",
    "lock_series",
    "lock_whole",
    "move_page_aside",
    "put",
    "remove",
    "why_no_report",
]

"""Where reports live on disk: one page and one data file for each window, and nothing else.

`reports/OWNER/NAME/SERIES/YYYY/MM/START-END.md` with the `.json` beside it. Names hold the whole window in
UTC, so no report ever takes the place of another one. What is stored is all that later runs go by.
"""

from vllm_digest.archive.lock import locked
from vllm_digest.archive.pending import Pending
from vllm_digest.archive.places import Listing, data_path, list_series, listing, stored_windows
from vllm_digest.archive.reports import Stored, load, set_aside, store, unfinished

__all__ = [
    "Listing",
    "Pending",
    "Stored",
    "data_path",
    "list_series",
    "listing",
    "load",
    "locked",
    "set_aside",
    "store",
    "stored_windows",
    "unfinished",
]

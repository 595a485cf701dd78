"""The GraphQL documents, one file each beside this one."""

from functools import cache
from importlib.resources import files


@cache
def document(*names: str) -> str:
    """The documents of these names as one, such as a query and the fragments it uses."""
    return "\n".join((files(__name__) / f"{name}.graphql").read_text(encoding="utf-8") for name in names)

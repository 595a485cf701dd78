"""Parse a model's sentence as Markdown: its words, code spans, links, and unwanted markup."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from vllm_digest.markdown.prose import Parser, is_under

_ALL = Parser("commonmark", {"html": True, "maxNesting": 40}).enable(["table", "strikethrough"])
_WANTED = frozenset(
    {"paragraph", "text", "softbreak", "hardbreak", "strong", "code_inline", "link"}
    | {"bullet_list", "ordered_list", "list_item"}
)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>()（），。；、]*", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.\w")
_MENTION = re.compile(r"(?<![\w`./])@[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Markup:
    """The parts of a sentence.

    `words`: the text as shown, code included. `codes`: the code spans. `links`: addresses below the
    repository's page. `unwanted`: kinds of markup not allowed in a sentence, such as `heading`.
    """

    words: str
    codes: tuple[str, ...]
    links: tuple[str, ...]
    unwanted: tuple[str, ...]


def markup(text: str, *, repo_url: str) -> Markup:
    """Parse `text`. Allowed are bold, inline code, lists, and links below `repo_url`."""
    tokens = list(_flat(_ALL.parse(text)))
    links = [str(token.attrs.get("href", "")) for token in tokens if token.type == "link_open"]
    words = "".join(
        token.content or (" " if token.block or "break" in token.type else "") for token in tokens
    )
    plain = "".join(token.content for token in tokens if token.type == "text")
    bare = [found[0] for found in _ADDRESS.finditer(plain)]
    kinds = (token.type.removesuffix("_open").removesuffix("_close") for token in tokens)
    unwanted = [kind for kind in kinds if kind not in _WANTED]
    unwanted += ["foreign link" for url in (*links, *bare) if not is_under(url, repo_url)]
    unwanted += ["liquid" for sign in ("{{", "{%", "{:") if sign in text]
    unwanted += ["mail address"] if _MAIL.search(text) else ["mention"] if _MENTION.search(plain) else []
    return Markup(
        words=words.replace("**", "").strip(),
        codes=tuple(token.content for token in tokens if token.type == "code_inline"),
        links=tuple(url for url in (*links, *bare) if is_under(url, repo_url)),
        unwanted=tuple(dict.fromkeys(unwanted)),
    )


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "inline":
            yield from token.children or ()
        else:
            yield token

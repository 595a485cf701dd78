"""Estimate the tokens of a text without a tokenizer."""


def tokens(text: str) -> int:
    """An upper estimate: three ASCII characters, or one other character, per token.

    Current tokenizers have about four characters of English prose or three of code per token, and one token
    or less per Chinese character.
    """
    # Rather too many: a prompt that is too long costs another request, and a budget must hold.
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - wide + 2) // 3 + wide

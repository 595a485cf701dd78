"""How many tokens a text takes, without anybody's tokenizer."""


def tokens(text: str) -> int:
    """An estimate on the safe side: three ASCII characters a token, one of any other.

    Today's tokenizers take about four of English prose and three of code; a Chinese sign is one or less.
    """
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - wide + 2) // 3 + wide

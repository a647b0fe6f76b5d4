"""The two ways in which the harness gives up."""


class UsageError(Exception):
    """Bad input from a person: one line that says what, where and what to write instead. The command exits with 2."""


def one_line(text: str) -> str:
    """Give a text with every character that ends a line or cannot be seen spelt as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class Inconclusive(Exception):  # noqa: N818 - it names a verdict, not an error
    """The ground a case stands on gave way, so that nothing is known about its property."""

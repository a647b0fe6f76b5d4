"""The two ways in which the harness gives up."""


class UsageError(Exception):
    """Bad input from a person: one line that says what, where and what to write instead. The command exits with 2."""


class Inconclusive(Exception):  # noqa: N818 - it names a verdict, not an error
    """The ground a case stands on gave way, so that nothing is known about its property."""

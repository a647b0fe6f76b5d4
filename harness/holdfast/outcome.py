"""The four ends of an exchange."""

import enum
from typing import Final


class Outcome(enum.StrEnum):
    """What a target did with a message, whatever it said about it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    BROKE = "broke"
    NONE = "none"


ACCEPTED: Final = Outcome.ACCEPTED
REFUSED: Final = Outcome.REFUSED

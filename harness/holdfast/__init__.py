"""Holdfast: conformance tests and interop lab for sender-constrained OAuth access tokens."""

from holdfast.cases import (
    ACCEPTED,
    REFUSED,
    at,
    at_each_hop,
    at_every_endpoint,
    at_the_authorization_server,
    at_token_use,
    by_each_name,
    case,
    row,
)
from holdfast.outcome import Outcome

__all__ = [
    "ACCEPTED",
    "REFUSED",
    "Outcome",
    "at",
    "at_each_hop",
    "at_every_endpoint",
    "at_the_authorization_server",
    "at_token_use",
    "by_each_name",
    "case",
    "row",
]

__version__ = "0.1.0"

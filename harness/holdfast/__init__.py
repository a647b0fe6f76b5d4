"""Holdfast: conformance tests and interop lab for sender-constrained OAuth access tokens."""

from holdfast.cases import ACCEPTED, REFUSED, at, case, row
from holdfast.outcome import Outcome

__all__ = ["ACCEPTED", "REFUSED", "Outcome", "at", "case", "row"]

__version__ = "0.1.0"

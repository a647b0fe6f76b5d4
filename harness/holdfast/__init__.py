"""Holdfast: conformance tests and interop lab for sender-constrained OAuth access tokens."""

__version__ = "0.1.0"

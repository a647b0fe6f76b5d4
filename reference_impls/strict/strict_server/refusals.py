"""The one exception of this server. Its texts are fixed sentences: nothing of a request or a secret is repeated."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it names an outcome, not an error
    """A request is refused.

    `error` is a code of RFC 6749 5.2, RFC 6750 3.1 or RFC 9449; empty where no credentials were given. `status` is the
    HTTP status where it is not the usual one of the code; `both_schemes` puts the error into both challenges.
    """

    def __init__(
        self, error: str, description: str, *, status: int | None = None, both_schemes: bool = False, scope: str = ""
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.both_schemes = both_schemes
        self.scope = scope


class Unavailable(Exception):  # noqa: N818 - it names an outcome, not an error
    """The authorization server cannot be asked now: the resource server fails closed with 503."""


class ConfigurationError(Exception):
    """A flag or a file is wrong; its text is one line that says what to write instead."""


def invalid_proof(description: str) -> Refused:
    """Give the refusal of a proof (RFC 9449 sections 5 and 7.1)."""
    return Refused("invalid_dpop_proof", description)

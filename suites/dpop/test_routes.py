"""RFC 9449, section 7.2: a bound token needs its proof at every address that leads to the resource."""

import pytest

from holdfast import at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint


@case("RFC9449-7.2-01", also=("RFC7800-4-02",), impact="high")
@at_token_use
@pytest.mark.parametrize(
    "path",
    [
        row("slash-after", "{path}/"),
        row("two-slashes-after", "{path}//"),
        row("slash-before", "/{path}"),
        row("parameter", "{path};x"),
        row("empty-parameter", "{path};"),
        row("suffix", "{path}.json"),
        row("any-suffix", "{path}.css"),
        row("capitals", "{PATH}"),
        row("letter-escaped", "{escaped}"),
        row("dot-before", "/.{path}"),
        row("dot-after", "{path}/."),
        row("up-and-back", "/x/..{path}"),
        row("into-and-out", "{path}/x/.."),
        row("escaped-dots", "/x/%2e%2e{path}"),
        row("escaped-slash-after", "{path}%2F"),
        row("escaped-space-after", "{path}%20"),
        row("escaped-question-mark", "{path}%3F"),
    ],
)
def test_bound_token_as_bearer_is_refused_at_every_spelling_of_the_address(
    endpoint: ProofEndpoint, client: Client, path: str
) -> None:
    """A bound token as Bearer yields the protected answer at no other spelling of the resource's path.

    Guards match paths as they are written, routers as they understand them: what only the router finds is not guarded.
    """
    assert endpoint.send(client, path=path.format(**endpoint.parts()), downgraded="Bearer").refused

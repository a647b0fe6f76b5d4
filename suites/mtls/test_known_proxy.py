"""RFC 9440, section 4: who is believed when he tells of a client's certificate, where the proxy proves who it is."""

import pytest

from holdfast import at, at_each_hop, case, row
from holdfast.parties import Client, ResourceServer, TrustedHop

BELIEVED = "RFC9440-4-05-{role}"
KNOWN = ("mtls", "known-hop", "jwt-access-token")
DIFFERS = "certificate-does-not-match"


@case(BELIEVED, impact="critical", needs=(*KNOWN, "lab-ca"))
@at_each_hop
@pytest.mark.parametrize(
    "who",
    [
        row("nobody", "nobody"),
        row("same-authority", "somebody of the same authority"),
        row("same-name", "somebody of the same name"),
        row("self-signed", "who calls himself so"),
    ],
)
def test_nobody_else_is_believed(endpoint: TrustedHop, bound: Client, who: str) -> None:
    """What somebody tells of a client's certificate does not count, unless he shows that he is the trusted proxy.

    Certificates are public: whoever is believed can be anybody.
    """
    assert endpoint.send(bound, by=who).refused


@case("RFC8705-3-06", also=("RFC9440-4-05-RS",), situation=DIFFERS, impact="critical", needs=(*KNOWN, "mint"))
@at("hop-resource")
def test_certificate_of_the_proxy_is_not_its_clients(endpoint: TrustedHop, rs: ResourceServer, bound: Client) -> None:
    """A token that is bound to the proxy's own certificate is refused where the proxy tells of none.

    Every client would have the key to such a token.
    """
    token = rs.mint(bound, cnf={"x5t#S256": endpoint.own.thumbprint})

    assert endpoint.silent(bound, token=token).refused


@case("RFC8705-3-06", also=("RFC9440-4-05-RS",), situation=DIFFERS, impact="critical", needs=(*KNOWN, "mint"))
@at("hop-resource")
def test_certificate_of_the_proxy_counts_beside_no_other(
    endpoint: TrustedHop, rs: ResourceServer, bound: Client, thief: Client
) -> None:
    """A token that is bound to the proxy's own certificate is refused where the proxy tells of a client's."""
    token = rs.mint(bound, cnf={"x5t#S256": endpoint.own.thumbprint})

    assert endpoint.send(bound, certificate=thief.certificate, token=token).refused


@case("RFC8705-3-01", also=("RFC9440-4-05-AS",), impact="critical", needs=KNOWN)
@at("hop-token")
def test_no_token_is_bound_to_the_proxy(endpoint: TrustedHop, bound: Client) -> None:
    """A client of whose certificate the proxy tells nothing gets no token that is bound to the proxy's own."""
    seen = endpoint.silent(bound)

    assert not endpoint.is_bound_to_the_proxy(seen)

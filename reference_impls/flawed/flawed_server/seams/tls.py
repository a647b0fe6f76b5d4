"""Flaws in the TLS layer: versions, and sessions that are taken up again (RFC 8705 sections 3 and 7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from OpenSSL import SSL
from strict_server.listener import AnyCertificateContext

from flawed_server.registry import doors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strict_server.main import Bound


def contexts(taken: Bound) -> Iterator[AnyCertificateContext]:
    """Give each context once, of however many listeners."""
    yield from {id(tls): tls for _, _, tls in taken if tls is not None}.values()


def _of_all(name: str, change: Callable[[SSL.Context], None]) -> None:
    def changed(taken: Bound) -> Bound:
        for tls in contexts(taken):
            change(tls.pyopenssl)
        return taken

    doors(name)(changed)


def _old(context: SSL.Context) -> None:
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")


_of_all("old versions of TLS", _old)
_of_all("TLS 1.2 alone", lambda context: context.set_max_proto_version(SSL.TLS1_2_VERSION))
_of_all("TLS 1.3 alone", lambda context: context.set_min_proto_version(SSL.TLS1_3_VERSION))


@doors("second handshakes")
def second_handshakes(taken: Bound) -> Bound:
    """Let a client show another certificate in a second handshake, and know the one that it showed first."""
    # SSL_OP_ALLOW_CLIENT_RENEGOTIATION, which pyOpenSSL does not name; it sets options and clears none.
    # https://docs.openssl.org/3.0/man3/SSL_CTX_set_options/
    with patch.object(SSL, "OP_NO_RENEGOTIATION", 1 << 8):
        made = {id(tls): AnyCertificateContext(tls.file, alias=tls.alias) for tls in contexts(taken)}
    return [(app, listening, made.get(id(tls))) for app, listening, tls in taken]


@doors("sessions without their certificates")
def sessions_without_their_certificates(taken: Bound) -> Bound:
    """Know no certificate where a session is taken up."""
    for tls in contexts(taken):
        _forgetful(tls)
    return taken


def _forgetful(tls: AnyCertificateContext) -> None:
    honest = tls.wrap_bio

    def wrap(*arguments: Any, **more: Any) -> Any:
        made = honest(*arguments, **more)
        seen = made.getpeercert

        def getpeercert(binary_form: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature of ssl.SSLObject
            return None if made.session_reused else seen(binary_form)

        made.getpeercert = getpeercert
        return made

    tls.wrap_bio = wrap  # type: ignore[method-assign]

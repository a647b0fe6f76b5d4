"""Flaws of chains: what goes wrong where people validate them themselves (RFC 5280 section 6, RFC 8705 section 7.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from strict_server.refusals import Refused

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from strict_server.incoming import Connection
    from strict_server.settings import Settings

_KNOWN = (x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints)


@instead_of("certificate.chain", "of no authority")
def no_authority_is_known(_honest: Callable[..., Any], _connection: Connection, _settings: Settings) -> None:
    """Trust no authority: the list of them was not found."""
    raise _refused()


@instead_of("certificate.chain", "without intermediates")
def without_intermediates(honest: Callable[..., Any], connection: Connection, settings: Settings) -> None:
    """Look past what the client sends behind its certificate."""
    leaf = x509.load_der_x509_certificate(connection.certificate or b"")
    if leaf.issuer not in {authority.subject for authority in settings.authorities}:
        raise _refused()
    honest(connection, settings)


def _refused() -> Refused:
    return Refused("invalid_client", "the certificate is not of a trusted authority")


def _by_hand(forgotten: str) -> None:
    """Register a validation by hand that is whole but for one check."""

    def check(honest: Callable[..., Any], connection: Connection, settings: Settings) -> None:
        try:
            honest(connection, settings)
        except Refused:
            if not _holds(connection, settings.authorities, forgotten):
                raise

    instead_of("certificate.chain", f"without {forgotten}")(check)


for _forgotten in ("signatures", "authority", "extensions", "periods", "lengths", "names"):
    _by_hand(_forgotten)


def _holds(connection: Connection, roots: Sequence[x509.Certificate], forgotten: str) -> bool:
    path = _path(connection, roots, signed=forgotten != "signatures")
    if not path or path[-1] not in roots:
        return False
    checks = {
        "authority": lambda: all(_is_authority(above) for above in path[1:]),
        "extensions": lambda: all(_is_understood(one) for one in path),
        "periods": lambda: all(_is_current(one) for one in path),
        "lengths": lambda: all(_has_room(above, number) for number, above in enumerate(path[1:])),
        "names": lambda: all(_may_name(above, path[0]) for above in path[1:]),
    }
    return all(check() for name, check in checks.items() if name != forgotten)


def _path(connection: Connection, roots: Sequence[x509.Certificate], *, signed: bool) -> list[x509.Certificate]:
    path = [x509.load_der_x509_certificate(connection.certificate or b"")]
    known = [*roots, *(x509.load_der_x509_certificate(der) for der in connection.chain)]
    while path[-1] not in roots and len(path) < 8:
        above = next((one for one in known if _issued(one, path[-1], signed=signed)), None)
        if above is None:
            return []
        path.append(above)
    return path


def _issued(above: x509.Certificate, below: x509.Certificate, *, signed: bool) -> bool:
    if above.subject != below.issuer or above == below:
        return False
    if not signed:
        return True
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _is_understood(certificate: x509.Certificate) -> bool:
    return all(isinstance(one.value, _KNOWN) for one in certificate.extensions if one.critical)


def _is_current(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc


def _has_room(certificate: x509.Certificate, beneath: int) -> bool:
    try:
        most = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return True
    return most is None or beneath <= most


def _may_name(above: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        permitted = above.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return True
    bases = [one.value for one in permitted if isinstance(one, x509.DirectoryName)]
    return not bases or any(leaf.subject.rdns[: len(base.rdns)] == base.rdns for base in bases)

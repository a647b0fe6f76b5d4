"""Flaws in what is kept, and said back, of clients that register themselves (RFC 7591)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strict_server import subject_names

from flawed_server.registry import inside, instead_of
from flawed_server.seams.issue_several import HONEST, several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography import x509
    from strict_server.clients import Client
    from strict_server.main import Servers


@instead_of("register.dpop_bound", "true alone")
def only_true_counts(_honest: Callable[..., Any], metadata: Mapping[str, Any]) -> bool:
    """Take everything but true for false."""
    return metadata.get("dpop_bound_access_tokens") is True


@instead_of("register.kept", "without its wish")
def without_its_wish(_honest: Callable[..., Any], client: Client) -> Client:
    """Forget that a client wants bound tokens."""
    return replace(client, dpop_bound=False)


@instead_of("register.kept", "always bound")
def always_bound(_honest: Callable[..., Any], client: Client) -> Client:
    """Keep every client as one of bound tokens, whatever it is told."""
    return replace(client, dpop_bound=True)


@instead_of("register.answer", "nothing of bound tokens")
def nothing_of_bound_tokens(
    _honest: Callable[..., Any], said: dict[str, Any], _metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Do not say back whether tokens are bound."""
    return {name: value for name, value in said.items() if name != "dpop_bound_access_tokens"}


@instead_of("register.answer", "nothing that is false")
def nothing_that_is_false(
    _honest: Callable[..., Any], said: dict[str, Any], _metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Say back that tokens are bound only where they are."""
    return {name: value for name, value in said.items() if value is not False}


def _wish_is_said_back(servers: Servers, guard: str, name: str) -> None:
    """Take everything but true for false, and say back what was asked for."""

    def answered(said: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        return said | ({name: metadata[name]} if name in metadata else {})

    several(servers, {guard: lambda asked: asked.get(name) is True, "register.answer": answered})


@inside("only true counts, and the wish is said back")
def key_wish_is_said_back(servers: Servers) -> None:
    """Do so with the wish for tokens that are bound to keys."""
    _wish_is_said_back(servers, "register.dpop_bound", "dpop_bound_access_tokens")


@inside("only true counts for certificates, and the wish is said back")
def certificate_wish_is_said_back(servers: Servers) -> None:
    """Do so with the wish for tokens that are bound to certificates."""
    _wish_is_said_back(servers, "register.certificate_bound", "tls_client_certificate_bound_access_tokens")


@inside("only true counts, and nothing is said")
def wish_is_dropped_in_silence(servers: Servers) -> None:
    """Take everything but true for false, and say back only what is true."""
    name = "dpop_bound_access_tokens"

    def answered(said: dict[str, Any], _metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in said.items() if value is not False}

    several(servers, {"register.dpop_bound": lambda asked: asked.get(name) is True, "register.answer": answered})


@instead_of("register.client_id", "as asked for")
def as_asked_for(honest: Callable[..., Any], metadata: Mapping[str, Any]) -> str:
    """Let a client choose its name."""
    return str(metadata.get("client_id") or honest(metadata))


@instead_of("register.certificate_bound", "never")
def never_for_certificates(_honest: Callable[..., Any], _metadata: Mapping[str, Any]) -> bool:
    """Know nothing of certificate-bound tokens."""
    return False


@instead_of("register.answer", "always bound to certificates")
def always_bound_to_certificates(
    _honest: Callable[..., Any], said: dict[str, Any], _metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Say of every client that its tokens are bound to certificates."""
    return said | {"tls_client_certificate_bound_access_tokens": True}


@inside("any names of a certificate")
def any_names_of_a_certificate(servers: Servers) -> None:
    """Take the first of several names of a certificate, and any certificate of a client that registered none."""

    def name(metadata: Mapping[str, Any]) -> subject_names.RegisteredName | None:
        first = next((member for member in subject_names.MEMBERS if metadata.get(member)), None)
        return None if first is None else subject_names.registered_name({first: metadata[first]})

    def subject(certificate: x509.Certificate, client: Client) -> None:
        if client.name is not None:
            HONEST("certificate.subject", certificate, client)

    several(servers, {"register.name": name, "certificate.subject": subject})

"""What the lab makes for a target before it starts: certificates, clients with their credentials, the clients file."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from holdfast import certificate_names, client_jwks, jose, pki
from holdfast.errors import UsageError
from holdfast.target_model import Auth, Binding, Client, Introspector, Subject
from holdfast.targets import Target, reveal

_WITH_SECRET = {"client_secret_basic", "client_secret_post"}


@dataclass(frozen=True)
class ClientMaterial:
    """A client as the suite holds it.

    secret: empty where it has none. key: signs its assertions (RFC 7523). credential: what it shows in TLS handshakes.
    resource and parameters: further members of its token requests.
    """

    name: str
    id: str
    auth: Auth
    secret: str = field(default="", repr=False)
    key: jose.Key | None = field(default=None, repr=False)
    credential: pki.Credential | None = field(default=None, repr=False)
    subject: Subject = "dn"
    binding: Binding = "dpop"
    demands: bool = True
    grants: tuple[str, ...] = ("client_credentials",)
    scope: str = ""
    redirect_uri: str = ""
    resource: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    def registration(self) -> dict[str, object]:
        """The client's metadata as an authorization server takes them (RFC 7591 and RFC 8705, section 2)."""
        with_code = "authorization_code" in self.grants
        metadata: dict[str, object] = {
            "client_id": self.id,
            "token_endpoint_auth_method": self.auth,
            "grant_types": list(self.grants),
            "redirect_uris": [self.redirect_uri] if with_code else [],
            "response_types": ["code"] if with_code else [],
        }
        if self.secret:
            metadata["client_secret"] = self.secret
        if self.scope:
            metadata["scope"] = self.scope
        if self.key is not None:
            metadata["jwks"] = {"keys": [client_jwks.signing(self.key)]}
        if self.credential is not None and self.auth == "tls_client_auth":
            member = certificate_names.MEMBER[self.subject]
            metadata[member] = certificate_names.registered(self.subject, self.credential.certificate)
        if self.credential is not None and self.auth == "self_signed_tls_client_auth":
            metadata["jwks"] = {"keys": [client_jwks.certified(self.credential)]}
        if self.demands and self.binding in {"dpop", "both"}:
            metadata["dpop_bound_access_tokens"] = True
        if self.demands and self.binding in {"certificate", "both"}:
            metadata["tls_client_certificate_bound_access_tokens"] = True
        return metadata

    def introspector(self) -> dict[str, str]:
        """How a resource server is known to the introspection endpoint."""
        known = {"client_id": self.id, "client_secret": self.secret}
        return known | ({"audience": self.resource} if self.resource else {})


@dataclass(frozen=True)
class Material:
    """All that one start of a target needs; `resource_server` authenticates where tokens are introspected.

    other: another resource server that does, where the file names one. guests: who certifies the clients of a proxy's
    second virtual host, and nobody else.
    """

    authority: pki.Authority
    guests: pki.Authority
    clients: Mapping[str, ClientMaterial]
    resource_server: ClientMaterial
    other: ClientMaterial | None = None

    def write(self, folder: Path, names: Sequence[str]) -> None:
        """ca.pem, guests.pem, server.pem, server.crt, server.key (for these names, and localhost), clients.json.

        The same of what a proxy shows to the server behind it: hop.pem, hop.crt and hop.key.
        """
        (folder / "ca.pem").write_bytes(self.authority.pem)
        (folder / "guests.pem").write_bytes(self.guests.pem)
        shown = {"server": self.authority.issue_server(names), "hop": self.authority.issue_client("proxy")}
        for name, one in shown.items():
            one.write(folder, name)
            one.write_pair(folder, name)
        document = {
            "clients": [client.registration() for client in self.clients.values()],
            "resource_servers": [one.introspector() for one in (self.resource_server, self.other) if one is not None],
        }
        file = folder / "clients.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(document, indent=2) + "\n")


def make(
    target: Target,
    authority: pki.Authority,
    guests: pki.Authority,
    resource_server: ClientMaterial,
    *,
    by_lab: bool,
) -> Material:
    """The material for a target whose placeholders are filled.

    What the file names is read. What it leaves out is made where the lab starts the target; otherwise it is missing.
    Raises UsageError.
    """
    clients = {name: _client(target, name, client, authority, by_lab=by_lab) for name, client in target.clients.items()}
    return Material(authority, guests, clients, resource_server, other_resource_server(target, by_lab=by_lab))


def resource_server(target: Target, *, by_lab: bool) -> ClientMaterial:
    """What a resource server shows to the introspection endpoint (RFC 7662, section 2.1); empty where not known."""
    return _introspector(target, target.introspection, "resource-server", "introspection", by_lab=by_lab)


def other_resource_server(target: Target, *, by_lab: bool) -> ClientMaterial | None:
    """The same of a resource server for which the tokens are not meant; None where the file names none."""
    other = target.introspection.other
    if other is None:
        return None
    found = _introspector(target, other, "other-resource-server", "introspection", "other", by_lab=by_lab)
    return replace(found, resource=other.audience or "")


def _introspector(target: Target, own: Introspector, default: str, *where: str, by_lab: bool) -> ClientMaterial:
    if own.secret is not None:
        secret = reveal(target, own.secret, *where, "secret")
    else:
        secret = secrets.token_urlsafe(24) if by_lab else ""
    name = own.id or (default if by_lab else "")
    return ClientMaterial(default, name, "client_secret_basic", secret, binding="none", grants=())


def _client(target: Target, name: str, client: Client, authority: pki.Authority, *, by_lab: bool) -> ClientMaterial:
    identifier = client.id or (f"{name}-{secrets.token_hex(4)}" if by_lab else "")
    if not identifier:
        raise UsageError(f"{target.where('clients', name)}.id: is missing: the target is not started by the lab")
    return ClientMaterial(
        name=name,
        id=identifier,
        auth=client.auth,
        secret=_secret(target, name, client, by_lab=by_lab),
        key=_key(target, name, client, by_lab=by_lab),
        credential=_credential(target, name, client, identifier, authority, by_lab=by_lab),
        subject=client.subject,
        binding=client.binding,
        demands=client.demands,
        grants=tuple(client.grants),
        scope=client.scope or "",
        redirect_uri=client.redirect_uri,
        resource=client.resource or "",
        parameters=dict(client.parameters),
    )


def _secret(target: Target, name: str, client: Client, *, by_lab: bool) -> str:
    if client.secret is not None:
        return reveal(target, client.secret, "clients", name, "secret")
    if client.auth not in _WITH_SECRET:
        return ""
    return _made(target, name, "secret", by_lab=by_lab) or secrets.token_urlsafe(24)


def _key(target: Target, name: str, client: Client, *, by_lab: bool) -> jose.Key | None:
    if client.key is not None:
        pem = _read(target, client.key, "clients", name, "key")
        try:
            return jose.load_pem(pem, client.alg)
        except (ValueError, TypeError) as problem:
            raise UsageError(f"{target.where('clients', name, 'key')}: {client.key}: {problem}") from None
    if client.auth != "private_key_jwt":
        return None
    _made(target, name, "key", by_lab=by_lab)
    return jose.generate(client.alg)


def _credential(
    target: Target, name: str, client: Client, identifier: str, authority: pki.Authority, *, by_lab: bool
) -> pki.Credential | None:
    if client.certificate is not None:
        return _loaded(target, name, client)
    if client.auth == "self_signed_tls_client_auth":
        _made(target, name, "certificate", by_lab=by_lab)
        return pki.self_signed(identifier)
    if client.auth == "tls_client_auth":
        _made(target, name, "certificate", by_lab=by_lab)
        subject, names = certificate_names.read(certificate_names.own(client.subject, identifier))
        return authority.certify(pki.Leaf(subject, pki.new_key(), san=names))
    return authority.issue_client(identifier) if client.binding in {"certificate", "both"} else None


def _loaded(target: Target, name: str, client: Client) -> pki.Credential:
    where = ("clients", name, "certificate")
    key = client.certificate_key and _read(target, client.certificate_key, "clients", name, "certificate_key")
    found = _credential_in(target, client.certificate or "", key or None, *where)
    if client.auth == "tls_client_auth":
        try:
            certificate_names.registered(client.subject, found.certificate)
        except ValueError as problem:
            hint = "name another kind in subject, or another certificate"
            raise UsageError(f"{target.where(*where)}: {client.certificate}: {problem}: {hint}") from None
    return found


def hop_credential(target: Target) -> pki.Credential | None:
    """Read what the suite shows in the place of a trusted proxy; None where the server asks for nothing.

    Raises UsageError.
    """
    file = target.trusted_hop.certificate if target.trusted_hop else None
    return _credential_in(target, file, None, "trusted_hop", "certificate") if file else None


def shown_by_proxy(target: Target) -> bytes | None:
    """Read the certificate (DER) that a proxy shows to the server behind it; None where the file names none.

    Raises UsageError.
    """
    file = target.proxy.certificate if target.proxy else None
    if not file:
        return None
    where = ("proxy", "certificate")
    try:
        return x509.load_pem_x509_certificate(_read(target, file, *where)).public_bytes(Encoding.DER)
    except ValueError:
        raise UsageError(f"{target.where(*where)}: {file}: needs a PEM certificate") from None


def _credential_in(target: Target, file: str, key: bytes | None, *where: str) -> pki.Credential:
    """Read a PEM file of a certificate, with its chain. key: where that is not in the same file."""
    pem = _read(target, file, *where)
    try:
        return pki.load(pem, key or pem)
    except ValueError as problem:
        raise UsageError(f"{target.where(*where)}: {file}: {problem}") from None


def _read(target: Target, file: str, *keys: str | int) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as problem:
        raise UsageError(f"{target.where(*keys)}: {file}: {problem.strerror}") from None


def _made(target: Target, name: str, what: str, *, by_lab: bool) -> str:
    """Nothing, where the lab may make it; UsageError where it had to be in the file."""
    if not by_lab:
        raise UsageError(f"{target.where('clients', name)}.{what}: is missing: the target is not started by the lab")
    return ""

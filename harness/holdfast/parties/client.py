"""Client: who asks, with which key and certificate; Token: what it got."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import Template
from typing import Literal
from urllib.parse import quote_plus

from cryptography import x509

from holdfast import certificate_names, jose
from holdfast.errors import Inconclusive
from holdfast.jose import Key
from holdfast.parties.spellings import spellings
from holdfast.pki import Authority, Credential, Period, Usage, leaf_of, new_key, self_issued
from holdfast.proof_defects import ABSENT
from holdfast.target_model import Subject

Binding = Literal["dpop", "certificate", "both", "none"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Registration:
    """How an authorization server knows a client; `parameters` go with each of its token requests.

    subject: the kind of name in its certificate that tells who it is, for tls_client_auth (RFC 8705 section 2.1.2).
    """

    id: str
    auth: str
    secret: str = field(default="", repr=False)
    assertion_key: Key | None = field(default=None, repr=False)
    grants: tuple[str, ...] = ()
    scope: str = ""
    redirect_uri: str = ""
    subject: Subject = "dn"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """An access token and what came with it. `expires` in seconds since the epoch, by the target's clock.

    minted: what the suite's own issuer made odd about it, in words; empty for an honest token.
    """

    value: str = field(repr=False)
    type: str
    expires: float
    refresh: str = field(default="", repr=False)
    response: Mapping[str, object] = field(default_factory=dict, repr=False)
    minted: str = ""

    @property
    def claims(self) -> Mapping[str, object]:
        """The claims of a JWT access token; empty for an opaque one."""
        decoded = jose.decode(self.value)
        return decoded.claims if isinstance(decoded.claims, dict) else {}

    @property
    def header(self) -> Mapping[str, object]:
        """The JOSE header of a JWT access token; empty for an opaque one."""
        decoded = jose.decode(self.value)
        return decoded.header if isinstance(decoded.header, dict) else {}

    @property
    def confirmation(self) -> Mapping[str, object]:
        """The `cnf` claim (RFC 7800 section 3.1); empty where there is none."""
        found = self.claims.get("cnf")
        return found if isinstance(found, dict) else {}

    @property
    def lifetime(self) -> float:
        """How long it is good, in seconds: `expires_in`, else the JWT's `exp` less its `iat` (RFC 6749 section 5.1).

        Raises Inconclusive where neither is told.
        """
        try:
            if isinstance(told := self.response.get("expires_in"), int | float) and not isinstance(told, bool):
                return float(told)
            ends, began = self.claims.get("exp"), self.claims.get("iat")
            if isinstance(ends, int | float) and isinstance(began, int | float):
                return float(ends - began)
        except OverflowError:
            raise Inconclusive("the access token is good for longer than a number can say") from None
        raise Inconclusive("nobody says how long the access token is good: no expires_in, and no exp and iat")

    @property
    def scope(self) -> frozenset[str]:
        """The scopes in a JWT access token (RFC 9068 section 2.2.3); none where it has no such claim."""
        said = self.claims.get("scope")
        return frozenset(said.split()) if isinstance(said, str) else frozenset()

    @property
    def audiences(self) -> frozenset[str]:
        """Whom a JWT access token is for, one or several (RFC 7519 section 4.1.3)."""
        said = self.claims.get("aud")
        return frozenset(str(one) for one in (said if isinstance(said, list) else [said]) if one is not None)

    def kind(self, claim: str) -> str:
        """Say of which kind a claim of a JWT access token is: string, number, list, object, boolean, null, absent."""
        if claim not in self.claims:
            return "absent"
        value = self.claims[claim]
        kinds = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
        return kinds.get(type(value), "null")

    def altered(self, **claims: object) -> "Token":
        """Give the JWT with these claims rewritten, or with ABSENT left out, and its signature left as it was.

        Raises Inconclusive for no JWT.
        """
        if not self.claims:
            raise Inconclusive("the access token is no JWT")
        head, _, signature = self.value.split(".")
        kept = {name: value for name, value in {**self.claims, **claims}.items() if value is not ABSENT}
        value = f"{head}.{jose.b64u(jose.to_json(kept))}.{signature}"
        return replace(self, value=value, minted=f"{', '.join(claims)} rewritten and the signature left as it was")

    def companion(self, name: str) -> str:
        """Give another token of the same response: refresh_token, id_token. Raises Inconclusive where there is none."""
        value = self.response.get(name)
        if not isinstance(value, str) or not value:
            raise Inconclusive(f"no {name} came with the access token")
        return value


@dataclass(frozen=True)
class Client:
    """A party that asks. A thief is a client without a registration, with a key and a certificate of its own.

    binding: how its tokens are bound, which decides how it presents them.
    reissued_certificate: a new certificate of the same issuer for the same key and subject.
    authority: the authority of the lab, which the target trusts; None where the lab did not start the target.
    """

    name: str
    binding: Binding
    registration: Registration | None
    key: Key
    certificate: Credential | None = None
    reissued_certificate: Credential | None = field(default=None, repr=False)
    authority: Authority | None = field(default=None, repr=False, compare=False)

    @property
    def proves(self) -> bool:
        """Whether its requests carry a proof."""
        return self.binding in {"dpop", "both"}

    @property
    def shows(self) -> Credential | None:
        """The certificate of its TLS connections, where its tokens or its authentication need one."""
        if self.binding in {"certificate", "both"} or self.needs_certificate:
            return self.certificate
        return None

    @property
    def needs_certificate(self) -> bool:
        """Whether it authenticates with its certificate (RFC 8705 section 2)."""
        return self.registration is not None and "tls_client_auth" in self.registration.auth

    @property
    def registered(self) -> Registration:
        """Its registration. Raises Inconclusive for a party that has none."""
        if self.registration is None:
            raise Inconclusive(f"{self.name} is registered nowhere and can get no token of its own")
        return self.registration

    @property
    def jkt(self) -> str:
        """Thumbprint of its proof key (RFC 7638)."""
        return self.key.thumbprint

    def confirmation(self, text: str) -> object:
        """Read a `cnf` written as JSON in which `$jkt` and its kin stand for this client's key; see parties.spellings.

        Raises KeyError for a name that is none of them, ValueError for what is no JSON.
        """
        return json.loads(Template(text).substitute(spellings(self.key, self.certificate)))

    @property
    def scopes(self) -> list[str]:
        """The scopes it is registered for that say what a token opens, in the order of the target file."""
        return [name for name in self.registered.scope.split() if name != "offline_access"]

    def spelt(self, text: str) -> str:
        """Fill in a text in which `$jkt` and its kin stand for this client's key; see parties.spellings.

        Raises KeyError for a name that is none of them.
        """
        return Template(text).substitute(spellings(self.key, self.certificate))

    @property
    def reissued(self) -> Credential:
        """A new certificate for the same key and subject. Raises Inconclusive where nobody can issue one."""
        if self.reissued_certificate is None:
            raise Inconclusive(f"nobody here can issue {self.name} a new certificate")
        return self.reissued_certificate

    @property
    def trusted(self) -> Authority:
        """The authority that the target trusts. Raises Inconclusive where it is not the lab's."""
        if self.authority is None:
            raise Inconclusive(f"nobody here can issue {self.name} a certificate")
        return self.authority

    def self_made(self) -> Credential:
        """Give a certificate that says what its own says, with another key, signed by nobody but that.

        Raises Inconclusive where it has none.
        """
        if self.certificate is None:
            raise Inconclusive(f"{self.name} has no certificate")
        return self_issued(replace(leaf_of(self.certificate), key=new_key()))

    def unfit_intermediate(self, *, period: Period = "now", permitted: str = "") -> Authority:
        """Give an authority beneath the trusted one that is out of its period, or may certify that name only.

        permitted: a subject as certificate_names.read has it. Raises Inconclusive like `trusted`.
        """
        subject = x509.DirectoryName(certificate_names.read([permitted])[0]) if permitted else None
        return self.trusted.intermediate("Holdfast unfit", period=period, permitted=subject)

    def certified(
        self,
        *names: str,
        by: Authority | None = None,
        usage: Usage | None = None,
        period: Period = "now",
        riddle: bool = False,
    ) -> Credential:
        """Give a certificate for its key that differs from its own as is said; see pki.Leaf.

        names: in place of its own names, as certificate_names.read has them, with certificate_names.pieces filled in.
        by: another authority than the trusted one. Raises Inconclusive where nobody can issue one.
        """
        if self.certificate is None:
            raise Inconclusive(f"{self.name} has no certificate")
        leaf = replace(leaf_of(self.certificate, usage), period=period, riddle=riddle)
        if names:
            known = certificate_names.pieces(self.registered.subject, self.certificate.certificate)
            subject, others = certificate_names.read([name.format(**known) for name in names])
            leaf = replace(leaf, subject=subject, san=others)
        return (by or self.trusted).certify(leaf)

    @property
    def certificate_name(self) -> str:
        """The common name in its certificate."""
        if self.certificate is None:
            raise Inconclusive(f"{self.name} has no certificate")
        return self.certificate.common_name

    def renewed(self) -> "Client":
        """Give the same client after its certificate was renewed."""
        return replace(self, certificate=self.reissued)

    def with_key(self, key: Key) -> "Client":
        """Give the same client with another proof key."""
        return replace(self, key=key)

    def with_proofs(self) -> "Client":
        """Give the same client, sending a proof that nobody asks of it."""
        return replace(self, binding="both" if self.binding == "certificate" else "dpop")

    def signing_with(self, key: Key) -> "Client":
        """Give the same client, signing its assertions with another key."""
        return replace(self, registration=replace(self.registered, assertion_key=key))

    def without_proofs(self) -> "Client":
        """Give the same client, presenting its tokens without a proof."""
        return replace(self, binding="none" if self.binding == "dpop" else "certificate")


def authenticated(
    client: Client,
    audience: str,
    parameters: Mapping[str, str],
    *,
    now: float,
    changed: Mapping[str, object] | None = None,
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Form parameters and headers of a request that a client authenticates, by the method it is registered for.

    audience: for a signed assertion (RFC 7523 section 3). now: seconds since the epoch. changed: see `assertion`.
    """
    registration = client.registered
    form = dict(parameters)
    headers: list[tuple[str, str]] = []
    if registration.auth == "client_secret_basic":
        pair = f"{quote_plus(registration.id)}:{quote_plus(registration.secret)}"
        headers.append(("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()))
    elif registration.auth == "client_secret_post":
        form |= {"client_id": registration.id, "client_secret": registration.secret}
    elif registration.auth == "private_key_jwt":
        form |= {"client_id": registration.id, "client_assertion_type": ASSERTION_TYPE}
        form["client_assertion"] = assertion(registration, audience, now=now, changed=changed)
    else:
        form["client_id"] = registration.id
    return form, headers


def assertion(
    registration: Registration, audience: str, *, now: float, changed: Mapping[str, object] | None = None
) -> str:
    """Give a client assertion (RFC 7523 section 3) with a fresh `jti`, good for longer than cases wait with a request.

    changed: claims that it has otherwise, iat, nbf and exp in seconds from now; or `alg`, with `none` for no signature.
    """
    key = registration.assertion_key
    if key is None:
        raise Inconclusive(f"client {registration.id} has no key to sign its assertion with")
    claims = {
        "iss": registration.id,
        "sub": registration.id,
        "aud": audience,
        "jti": uuid.uuid4().hex,
        "iat": int(now),
        "exp": int(now) + 300,
    }
    words = dict(changed or {})
    alg = str(words.pop("alg", key.alg))
    claims |= {name: int(now) + value if isinstance(value, int) else value for name, value in words.items()}
    return jose.compact({"alg": alg, "typ": "JWT"}, claims, jose.unsigned if alg == "none" else key.sign)

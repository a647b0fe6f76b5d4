"""TrustedHop: a server behind a proxy that it trusts, with the suite in the proxy's place (RFC 9440, section 2)."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from holdfast import jose
from holdfast.certificate_forms import written
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, parsed
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Message, Run
from holdfast.parties.tokens import TokenShelf
from holdfast.pki import Authority, Credential, leaf_of, new_key, self_issued, to_pem
from holdfast.places import place_of
from holdfast.wire import Answer, Request

#: A header line of the proxy: `{header}` is the header's name, the rest see `TrustedHop.fill`.
HONEST = ("{header}: {value}",)


#: Who is not the proxy, by what is shown: of the proxy's own certificate and the authority that issued it.
STRANGERS: Mapping[str, Callable[[Credential, Authority], Credential | None]] = {
    "nobody": lambda _own, _authority: None,
    "somebody of the same authority": lambda _own, authority: authority.issue_client("somebody"),
    "somebody of the same name": lambda own, authority: authority.certify(replace(leaf_of(own), key=new_key())),
    "who calls himself so": lambda own, _authority: self_issued(leaf_of(own)),
}


@dataclass(frozen=True)
class _Told:
    """What a request is made of; see TrustedHop.send."""

    lines: tuple[str, ...]
    certificate: Credential | None
    token: Token | None = None
    chain: tuple[bytes, ...] = ()
    by: str = ""


class TrustedHop:
    """Sends what a proxy hands on: the client's request over a connection of the proxy's own, and what it says of TLS.

    Accepted means that the certificate in the header counted: the token bound to it opened the resource, or a token was
    issued that is bound to it.
    """

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf, name: str) -> None:
        hop = bench.running.target.trusted_hop
        url = None if hop is None else getattr(hop, place_of(name))
        if hop is None or url is None:
            raise Inconclusive(f"the target file does not say where a trusted proxy hands on: [trusted_hop] {name}")
        self.name = name
        self._url: str = url
        self._hop = hop
        self._bench, self._run, self._shelf = bench, run, shelf

    def send(self, client: Client, *lines: str, **change: object) -> Exchange:
        """Send a request with these header lines in place of the honest one; judged.

        lines: as `fill` has them; none for the honest one. Keywords: certificate, another one than the client's own;
        token, another one than the client's, for a resource; chain, certificates (DER) that lines may name; by, who
        sends it in the place of the proxy: see `STRANGERS`.
        """
        return self._run.judge(self._message(client, self._told(client, lines or HONEST, change)))

    def silent(self, client: Client, **change: object) -> Exchange:
        """Send a request of whose certificate nothing is told; judged. Keywords as for `send`."""
        return self._run.judge(self._message(client, self._told(client, (), change)))

    def tells(self, client: Client, *lines: str) -> Exchange:
        """Stand on a request with these header lines that is accepted. Raises Inconclusive when it is not."""
        return self._run.ground(self._message(client, self._told(client, lines or HONEST, {})))

    @property
    def own(self) -> Credential:
        """What the proxy itself shows. Raises Inconclusive where the server knows it by something else."""
        if self._bench.hop is None:
            raise Inconclusive("the target file does not say what the proxy shows: [trusted_hop] certificate")
        return self._bench.hop

    def is_bound_to_the_proxy(self, seen: Exchange) -> bool:
        """Whether a token was issued that names the proxy's own certificate."""
        return _bound_to(seen.answer) == self.own.thumbprint

    def fill(self, line: str, certificate: Credential | None, chain: Sequence[bytes] = ()) -> str:
        """Fill in a header line.

        `{header}`: the header's name. `{value}`: the certificate as the proxy would write it; `{other}`: the thief's.
        `{base64}`, `{pem}`, `{url_pem}`, `{base64url}`, `{half}` and `{more}`: its DER, written otherwise. `{0}`, `{1}`
        and so on: the chain's.
        """
        if certificate is None:
            raise Inconclusive("the client has no certificate")
        thief = self._bench.clients["thief"].certificate
        encoding = self._hop.encoding
        above = [written(der, encoding) for der in chain]
        known = {"other": written(thief.der, encoding)} if thief else {}
        return line.format(*above, header=self._hop.header, **_spelt(certificate.der, encoding), **known)

    def _told(self, client: Client, lines: Sequence[str], change: Mapping[str, object]) -> "_Told":
        return _Told(tuple(lines), **{"certificate": client.certificate, **change})  # type: ignore[arg-type]  # as send has them

    def _message(self, client: Client, told: "_Told") -> Message:
        change = Change.of({"token": told.token} if told.token is not None and self.name == "hop-resource" else {})
        plain = self._plain(client, change)
        lines = [self.fill(line, told.certificate, told.chain) for line in told.lines]
        honest = _Told(HONEST, client.certificate)
        as_told = replace(told, token=None, by="") == honest
        said = [plain.difference, "" if as_told else f"told: {' and '.join(told.lines) or 'nothing'}"]
        difference = "; ".join(filter(None, (*said, told.by and f"sent by: {told.by}")))
        by = self._shown_by(told.by)
        return replace(
            plain,
            make=lambda: self._handed_on(plain.make(), lines, by),
            accepted=lambda answer: self._counted(plain, answer, by),
            difference=difference,
            control=self._message(client, honest) if difference else None,
            family=(self.name, client.name, client.jkt),
            protected=lambda run: self._silent_refused(run, client),
            discerning=None,
        )

    def _shown_by(self, who: str) -> Credential | None:
        """Give what whoever sends it shows in the handshake."""
        if not who:
            return self._bench.hop
        return STRANGERS[who](self.own, self._bench.running.authority)

    def _plain(self, client: Client, change: Change) -> Message:
        if self.name == "hop-resource":
            return ResourceServer(self._bench, self._run, self._shelf).message(client, **change.request)
        return AuthorizationServer(self._bench, self._run).grant_message(client)

    def _handed_on(self, request: Request, told: Sequence[str], by: Credential | None) -> Request:
        """Give the request as the proxy hands it on: to the inner address, for the name that the client used."""
        lines = [tuple(line.split(": ", 1)) for line in told]
        headers = [("Host", urlsplit(request.url).netloc), *request.headers, *lines]
        return replace(
            request,
            url=self._url,
            headers=tuple((name, value) for name, value in headers),
            certificate=by,
            certificate_is_the_difference=False,
        )

    def _counted(self, plain: Message, answer: Answer, by: Credential | None) -> bool:
        """Whether it was accepted, and an issued token names a certificate that was told: not that of who told it."""
        if not plain.accepted(answer) or self.name == "hop-resource":
            return plain.accepted(answer)
        return _bound_to(answer) not in {None, by.thumbprint if by else None}

    def _silent_refused(self, run: Run, client: Client) -> str:
        """Find out whether a request is refused of which the proxy says that no certificate was shown."""
        here = TrustedHop(self._bench, run, self._shelf, self.name)
        silent = replace(here._message(client, _Told((), client.certificate)), control=None)
        return self._bench.checked(
            ("silent", self.name, client.name),
            lambda: run.send(silent, "probe").outcome,
            Outcome.REFUSED,
            "a request of which the trusted proxy told no certificate",
        )


def _bound_to(answer: Answer) -> object:
    """Give the x5t#S256 that the issued token names; None where it names none."""
    said = parsed(answer.body)
    token = said.get("access_token") if isinstance(said, dict) else None
    claims = jose.decode(str(token)).claims
    confirmation = claims.get("cnf") if isinstance(claims, dict) else None
    return confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None


def _spelt(der: bytes, encoding: str) -> Mapping[str, str]:
    pem = to_pem(der).decode()
    return {
        "value": written(der, encoding),
        "base64": base64.b64encode(der).decode(),
        "base64url": base64.urlsafe_b64encode(der).decode().rstrip("="),
        "pem": pem.replace("\n", " ").strip(),
        "url_pem": quote(pem, safe=""),
        "half": base64.b64encode(der[: len(der) // 2]).decode(),
        "more": base64.b64encode(der + b"holdfast").decode(),
    }

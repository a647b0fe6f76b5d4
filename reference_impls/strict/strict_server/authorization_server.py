"""The authorization server: metadata, keys, authorization, tokens, introspection, revocation, userinfo."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from . import certificates, server_metadata
from . import incoming as requests
from .application import Frame, refusal
from .client_authentication import Authenticated, ClientAuthentication
from .client_keys import ClientKeys
from .grants import Code, Grant, PushedRequest, Store
from .guards import guard
from .issued import IssuedTokens
from .proof import ProofCheck, Proofs
from .protection import Access, Protection
from .refusals import Refused, invalid_proof
from .registration import Registration
from .token_endpoint import SUBJECT, Ask, TokenEndpoint, requested_scope

if TYPE_CHECKING:
    from starlette.requests import Request

    from .clients import Client
    from .incoming import Incoming
    from .settings import Settings

_S256 = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
Endpoint = Callable[["Incoming", Mapping[str, str]], Awaitable[Response]]


@guard("parameters.place")
def parameters_in_the_body(incoming: Incoming) -> tuple[tuple[str, str], ...]:
    """Give the parameters of a POST, which are in its body; those in a URL end in logs (RFC 6749 section 3.2)."""
    if incoming.method != "POST":
        raise Refused("invalid_request", "the parameters belong into the body of a POST", status=405)
    return incoming.form


@guard("authorize.redirect_uri")
def registered_redirect_uri(client: Client, parameters: Mapping[str, str]) -> str:
    """Compare redirect_uri with the registered ones, character by character (RFC 9700 section 2.1)."""
    uri = parameters.get("redirect_uri", "")
    if uri not in client.redirect_uris:
        raise Refused("invalid_request", "redirect_uri is not registered")
    return uri


@guard("authorize.pkce")
def pkce_is_used(parameters: Mapping[str, str]) -> None:
    """Ask for an S256 code challenge (RFC 7636, RFC 9700 section 2.1.1)."""
    if parameters.get("code_challenge_method") != "S256" or not _S256.match(parameters.get("code_challenge", "")):
        raise Refused("invalid_request", "a code_challenge with method S256 is needed")


@guard("authorize.dpop_jkt")
def announced_key(parameters: Mapping[str, str]) -> str | None:
    """Give the key that the client announces, None where it does not (RFC 9449 section 10)."""
    value = parameters.get("dpop_jkt")
    if value is not None and not _S256.match(value):
        raise Refused("invalid_request", "dpop_jkt is not a SHA-256 thumbprint")
    return value


@guard("authorize.scope")
def allowed_scope(parameters: Mapping[str, str], client: Client) -> frozenset[str]:
    """Give the scope that is asked for, within that of the client (RFC 6749 sections 3.3 and 4.1.2.1)."""
    return requested_scope(parameters, client.scope)


@guard("authorize.response_type")
def response_type_is_code(parameters: Mapping[str, str]) -> None:
    """Issue no token in a redirect: there is no proof to bind it to (RFC 9700 section 2.1.2)."""
    if parameters.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type is not code")


@guard("issue.thumbprint")
def thumbprint_of(check: ProofCheck) -> str:
    """Give the thumbprint of a proof's key, to which codes and tokens are bound (RFC 9449 section 6.1, RFC 7638)."""
    return check.jkt


@guard("par.no_request_uri")
def nothing_pushed_before(parameters: Mapping[str, str]) -> None:
    """Take no request_uri in a pushed request (RFC 9126 section 2.1)."""
    if "request_uri" in parameters:
        raise Refused("invalid_request", "a pushed request has no request_uri")


@guard("par.client")
def pushed_by_the_client(pushed: PushedRequest, client: Client) -> None:
    """Take a request_uri from the client that pushed the request (RFC 9126 section 2.2)."""
    if pushed.client_id != client.client_id:
        raise Refused("invalid_request_uri", "the request_uri is of another client")


@guard("par.parameters")
def pushed_parameters(pushed: PushedRequest, beside: Mapping[str, str]) -> tuple[Mapping[str, str], str | None]:
    """Give the parameters and the key of a pushed request; what stands beside its request_uri is ignored (9126 4)."""
    del beside
    return pushed.parameters, pushed.jkt


@guard("par.one_key")
def one_key(announced: str | None, shown: str | None) -> None:
    """Ask that the proof of a pushed request and its dpop_jkt agree (RFC 9449 section 10.1)."""
    if None not in {announced, shown} and announced != shown:
        raise invalid_proof("dpop_jkt is not the key of the proof")


@guard("par.jkt")
def key_of_the_push(announced: str | None, shown: str | None) -> str | None:
    """Give the key to which a pushed request binds its code, named or proven (RFC 9449 section 10.1)."""
    return announced or shown


@guard("par.single_use")
def pushed_is_new(pushed: PushedRequest) -> None:
    """Take a request_uri once (RFC 9126 section 4)."""
    if pushed.spent:
        raise Refused("invalid_request_uri", "the request_uri was used before")
    pushed.spent = True


class AuthorizationServer:
    """The authorization server as an object: `app` is its ASGI application."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings)
        self.proofs = Proofs(settings)
        self.clients = ClientAuthentication(settings)
        self.keys = ClientKeys(settings)
        self.tokens = TokenEndpoint(settings, self.store)
        self.issued = IssuedTokens(settings, self.store, self.clients)
        self.protection = Protection(settings, self.proofs, self._own_claims)
        routes = [
            Route("/.well-known/oauth-authorization-server", self._metadata),
            Route("/.well-known/openid-configuration", self._metadata),
            Route("/jwks", self._jwks),
            Route("/authorize", self._authorize, methods=["GET", "POST"]),
            Route("/token", self._form(self._token), methods=_METHODS),
            Route("/par", self._form(self._par), methods=_METHODS),
            Route("/introspect", self._form(self.issued.introspect), methods=_METHODS),
            Route("/revoke", self._form(self.issued.revoke), methods=_METHODS),
            Route("/userinfo", self._userinfo, methods=["GET", "POST"]),
        ]
        if settings.registration == "open":
            routes.append(Route("/register", Registration(settings).handle, methods=["POST"]))
        starlette = Starlette(routes=routes)
        starlette.router.redirect_slashes = False
        self.app = Frame("as", starlette)

    def _form(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Make a handler of an endpoint that takes a form and answers in JSON (RFC 6749 sections 3.2, 5.1 and 5.2)."""

        async def handle(request: Request) -> Response:
            try:
                incoming = await requests.read_form(request, self.settings, self.settings.as_url)
                guards = self.settings.guards
                parameters = guards("parameters.single", guards("parameters.place", incoming))
                await self.keys.learn(parameters.get("client_id", ""))
                response = await endpoint(incoming, parameters)
            except Refused as refused:
                response = refusal(refused)
                if response.status_code == 405:
                    response.headers["Allow"] = "POST"
                if response.status_code == 401 and "authorization" in request.headers:
                    response.headers["WWW-Authenticate"] = 'Basic realm="strict"'
            if request.scope["path"] in {"/token", "/par"}:
                for name, value in self.proofs.nonce_headers().items():
                    response.headers[name] = value
            response.headers["Cache-Control"] = "no-store"
            return response

        return handle

    async def _metadata(self, _: Request) -> Response:
        document = server_metadata.document(self.settings)
        signed = self.store.sign({"iss": self.settings.as_url, **document}, "JWT")
        return JSONResponse({**document, "signed_metadata": signed})

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.store.public_jwk]})

    # -- tokens

    def _prove(self, incoming: Incoming, parameters: Mapping[str, str]) -> tuple[Authenticated, ProofCheck | None]:
        """Check client and proof, then spend proof and assertion: a request that fails here has used nothing up."""
        authenticated = self.clients.authenticate(incoming, parameters)
        check = self.proofs.check(incoming)
        if check is not None:
            self.proofs.spend(check)
        self.clients.spend(authenticated)
        return authenticated, check

    def _key_of(self, check: ProofCheck | None) -> str | None:
        """Give the thumbprint of the key of a proof, None without one."""
        jkt: str | None = None if check is None else self.settings.guards("issue.thumbprint", check)
        return jkt

    async def _token(self, incoming: Incoming, parameters: Mapping[str, str]) -> Response:
        authenticated, check = self._prove(incoming, parameters)
        client = authenticated.client
        grant_type = self.tokens.check_grant_type(client, parameters)
        certificate = self.settings.guards("certificate.presented", incoming, self.settings)
        x5t = None if certificate is None else certificates.thumbprint(certificate)
        binding, shown = self.tokens.bind(client, self._key_of(check), x5t)
        return JSONResponse(self.tokens.respond(grant_type, Ask(client, parameters, binding, shown)))

    # -- authorization

    def _check_request(self, client: Client, parameters: Mapping[str, str]) -> frozenset[str]:
        """Check an authorization request after its redirect_uri and give its scope."""
        if "request" in parameters:
            raise Refused("request_not_supported", "request objects are not supported")
        self.settings.guards("authorize.response_type", parameters)
        if "authorization_code" not in client.grants:
            raise Refused("unauthorized_client", "the client may not use this grant type")
        self.settings.guards("authorize.pkce", parameters)
        self.settings.guards("authorize.dpop_jkt", parameters)
        self.tokens.audience(parameters)
        scope: frozenset[str] = self.settings.guards("authorize.scope", parameters, client)
        return scope

    async def _par(self, incoming: Incoming, parameters: Mapping[str, str]) -> Response:
        authenticated, check = self._prove(incoming, parameters)
        client = authenticated.client
        self.settings.guards("par.no_request_uri", parameters)
        self.settings.guards("authorize.redirect_uri", client, parameters)
        self._check_request(client, parameters)
        jkt = self._key_of_push(parameters, check)
        lifetime = self.settings.pushed_lifetime
        pushed = PushedRequest(client.client_id, dict(parameters), jkt, self.settings.clock() + lifetime)
        return JSONResponse({"request_uri": self.store.add_pushed(pushed), "expires_in": int(lifetime)}, 201)

    def _key_of_push(self, parameters: Mapping[str, str], check: ProofCheck | None) -> str | None:
        guards = self.settings.guards
        announced, shown = guards("authorize.dpop_jkt", parameters), self._key_of(check)
        guards("par.one_key", announced, shown)
        jkt: str | None = guards("par.jkt", announced, shown)
        return jkt

    def _pushed(self, client: Client, request_uri: str) -> PushedRequest:
        pushed: PushedRequest | None = self.store.pushed.get(request_uri, self.settings.clock())
        if pushed is None:
            raise Refused("invalid_request_uri", "the request_uri is unknown or expired")
        self.settings.guards("par.client", pushed, client)
        self.settings.guards("par.single_use", pushed)
        return pushed

    async def _authorize(self, request: Request) -> Response:
        """Answer with a code at once: alice consents by herself. Nothing is redirected before redirect_uri is known."""
        try:
            incoming, _ = await requests.read(request, self.settings, self.settings.as_url)
            response = self._consent(*self._authorization_request(incoming))
        except Refused as refused:
            response = refusal(refused)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _authorization_request(self, incoming: Incoming) -> tuple[Client, Mapping[str, str], str, str | None]:
        """Give client, parameters, redirect_uri and the key that a pushed request announced."""
        pairs = incoming.form if incoming.method == "POST" else incoming.query
        parameters = self.settings.guards("parameters.single", pairs)
        client = self.settings.registry.clients.get(parameters.get("client_id", ""))
        if client is None:
            raise Refused("invalid_request", "client_id is unknown")
        self.settings.guards("limit.pushed", parameters, self.settings)
        jkt = None
        if "request_uri" in parameters:
            pushed = self._pushed(client, parameters["request_uri"])
            parameters, jkt = self.settings.guards("par.parameters", pushed, parameters)
        return client, parameters, self.settings.guards("authorize.redirect_uri", client, parameters), jkt

    def _consent(self, client: Client, parameters: Mapping[str, str], uri: str, jkt: str | None) -> Response:
        answer = {"iss": self.settings.as_url} | {name: parameters[name] for name in ("state",) if name in parameters}
        try:
            scope = self._check_request(client, parameters)
        except Refused as refused:
            answer |= {"error": refused.error, "error_description": refused.description}
        else:
            jkt = jkt or self.settings.guards("authorize.dpop_jkt", parameters)
            now = self.settings.clock()
            audience, nonce = self.tokens.audience(parameters), parameters.get("nonce", "")
            grant = Grant(client.client_id, SUBJECT, scope, audience, int(now), nonce)
            expires = now + self.settings.code_lifetime
            challenge = parameters.get("code_challenge", "")
            answer["code"] = self.store.add_code(Code(grant, uri, challenge, jkt, expires))
        joint = "&" if "?" in uri else "?"
        return RedirectResponse(uri + joint + urlencode(answer), 302)

    # -- userinfo

    async def _own_claims(self, token: str) -> Mapping[str, Any]:
        found = self.store.active(token)
        if found is None:
            raise Refused("invalid_token", "the token is unknown, expired or revoked")
        return found.claims

    async def _userinfo(self, request: Request) -> Response:
        try:
            incoming, _ = await requests.read(request, self.settings, self.settings.as_url)
        except Refused as refused:
            return refusal(refused)

        def use(access: Access) -> Response:
            return JSONResponse({"sub": access.claims["sub"], "name": "Alice", "client_id": access.claims["client_id"]})

        return await self.protection.answer(incoming, "openid", use)

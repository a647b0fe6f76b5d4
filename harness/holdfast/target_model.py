"""The shape of a target.toml: what may be written in it, and what each name means."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Auth = Literal[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]
Subject = Literal["dn", "dns", "uri", "ip", "email"]
Binding = Literal["dpop", "certificate", "both", "none"]
Grant = Literal["client_credentials", "authorization_code", "refresh_token"]
Role = Literal["as", "rs", "proxy"]
Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"]


def _scalar(value: object) -> object:
    """A number or truth value as the text that a command line takes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Scalar = Annotated[str, BeforeValidator(_scalar)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Table(BaseModel):
    """A table of target.toml: an unknown name or a wrong type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Secret(Table):
    """Where a secret is kept: an environment variable or a file. The file itself never holds one."""

    env: str | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError('a secret is never written here: use { env = "NAME" } or { file = "path" }')  # noqa: TRY004
        return value

    @model_validator(mode="after")
    def _has_one_place(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError('name one place of the secret: { env = "NAME" } or { file = "path" }')
        return self


class Listener(Table):
    """An address the target answers at; as a process it gets a free loopback port."""

    port: int | None = Field(default=None, ge=1, le=65535, description="port inside a container")
    scheme: Literal["https", "http"] = "https"


class Image(Table):
    """How a service becomes a container: built from a Dockerfile, or an image by name."""

    dockerfile: str | None = Field(default=None, description="file in the service's folder")
    name: str | None = Field(default=None, description="an image that is pulled or already there")
    command: list[str] | None = None
    context: list[str] = Field(default_factory=list, description="files or folders of the build; empty: all of them")
    wheels: list[str] = Field(default_factory=list, description="Python requirements laid into the build as wheels/")
    python: Annotated[str, Field(pattern=r"^3\.[0-9]+$")] = Field(default="3.11", description="Python in the image")
    arguments: dict[str, Scalar] = Field(default_factory=dict, description="build arguments")

    @model_validator(mode="after")
    def _has_one_source(self) -> "Image":
        if (self.dockerfile is None) == (self.name is None):
            raise ValueError('write either dockerfile = "Dockerfile" or name = "image:tag"')
        return self


class Service(Table):
    """One process or container that the lab starts."""

    name: Name
    like: str | None = Field(
        default=None, description="a service of this file of which this is a second one, in a folder of its own"
    )
    values: dict[str, str] = Field(
        default_factory=dict, description="placeholders that stand for something else in this service"
    )
    here: str = Field(default=".", description="folder that {here} stands for, relative to the file")
    listeners: list[str] = Field(default_factory=list)
    prepare: list[list[str]] = Field(default_factory=list, description="commands run once in {cache}")
    lock: str | None = Field(default=None, description="file whose digest names {cache}")
    process: list[str] | None = Field(default=None, min_length=1)
    image: Image | None = None
    files: dict[str, str] = Field(default_factory=dict, description="name in {work} -> template in {here}")
    environment: dict[str, Scalar] = Field(default_factory=dict)
    ready: str | None = Field(default=None, description="URL asked until it answers")
    ready_status: int | None = Field(default=None, description="the status it must answer; absent: any below 500")
    ready_seconds: float = Field(default=20.0, gt=0, description="how long a start may take")

    @property
    def made_as(self) -> str:
        """The service whose cache and image it uses."""
        return self.like or self.name


class Client(Table):
    """A registered client; where the lab starts the target, absent credentials are made by the lab."""

    auth: Auth
    id: str | None = None
    secret: Secret | None = None
    key: str | None = Field(default=None, description="PEM file of the key for private_key_jwt")
    alg: Algorithm = Field(default="ES256", description="algorithm of that key")
    certificate: str | None = Field(default=None, description="PEM file of the client certificate")
    certificate_key: str | None = Field(default=None, description="PEM file of its key; absent: in the same file")
    subject: Subject = Field(
        default="dn", description="name in its certificate by which tls_client_auth knows it, RFC 8705 2.1.2"
    )
    binding: Binding = Field(default="dpop", description="how this client's tokens are bound")
    demands: bool = Field(default=True, description="whether its registration demands bound tokens (RFC 9449 5.2)")
    grants: list[Grant] = Field(default_factory=lambda: list[Grant](["client_credentials"]))
    scope: str | None = None
    resource: str | None = Field(default=None, description="resource parameter, RFC 8707")
    parameters: dict[str, Scalar] = Field(default_factory=dict, description="further members of a token request")
    redirect_uri: str = "https://client.test/callback"


class Introspector(Table):
    """How a resource server authenticates where tokens are introspected."""

    id: str | None = None
    secret: Secret | None = None


class OtherIntrospector(Introspector):
    """A resource server for which the tokens of [resources] are not meant."""

    audience: str | None = Field(default=None, description="its resource indicator, RFC 8707")


class Introspection(Introspector):
    """The resource server of [resources], and another one."""

    other: OtherIntrospector | None = None


class Registration(Table):
    """How clients are registered by whoever asks, RFC 7591."""

    token: Secret | None = Field(default=None, description="initial access token, where the endpoint wants one")


class Authorization(Table):
    """How a user's consent is had: a plain redirect, a form that is sent, or a command."""

    driver: Literal["redirect", "form", "command"] = "redirect"
    command: list[str] | None = Field(default=None, description="gets the URL as last argument, prints the final one")
    fields: dict[str, Scalar] = Field(default_factory=dict, description="what is filled into forms, by field name")
    secrets: dict[str, Secret] = Field(default_factory=dict, description="the same, for passwords")

    @model_validator(mode="after")
    def _has_its_command(self) -> "Authorization":
        if self.driver == "command" and not self.command:
            raise ValueError('driver = "command" needs command = ["program", ...]')
        return self


class Readback(Table):
    """A request that shows whether a resource's side effect took place."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    canary: str


class Resource(Table):
    """A request template, and what only its protected answer contains."""

    url: str
    method: str = Field(
        default="GET",
        pattern=r"^[A-Za-z]+$",
        description="proofs are tried at the first resource, and at one with POST",
    )
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    canary: str = Field(min_length=1, description="text, or a JSON pointer where it starts with /")
    readback: Readback | None = None
    scope: str | None = None
    plain: str | None = Field(default=None, description="the same without TLS, where something answers there")
    anonymous: bool = Field(default=False, description="it serves requests without credentials too, with less")
    replicas: list[str] = Field(
        default_factory=list,
        description="further nodes behind the same url: where each is reached, as https://host:port",
    )
    audience: str | None = Field(
        default=None, description="aud of tokens that the suite mints for it; absent: the origin of url"
    )


class Endpoints(Table):
    """Single URLs that take the place of what the metadata says."""

    metadata: str | None = Field(default=None, description="the authorization server's metadata document")
    resource_metadata: str | None = Field(default=None, description="the resource's metadata, RFC 9728")
    jwks: str | None = None
    token: str | None = None
    authorization: str | None = None
    par: str | None = None
    introspection: str | None = None
    revocation: str | None = None
    userinfo: str | None = None
    registration: str | None = None


class Windows(Table):
    """Seconds that the target declares."""

    past: float | None = Field(default=None, gt=0, description="how old a proof's iat may be")
    future: float | None = Field(default=None, ge=0, description="how far ahead a proof's iat may be")
    jti: float | None = Field(default=None, gt=0, description="how long a used jti is remembered")
    nonce: float | None = Field(default=None, gt=0, description="how long a nonce is good")
    token: float | None = Field(default=None, gt=0, description="how long a token is good")
    code: float | None = Field(default=None, gt=0, description="how long an authorization code is good")
    pushed: float | None = Field(default=None, gt=0, description="how long a request_uri is good")
    refresh: float | None = Field(default=None, gt=0, description="how long an unused refresh token is good")
    keys: float | None = Field(default=None, ge=0, description="how long keys at a client's jwks_uri are remembered")


class Proxy(Table):
    """A proxy or gateway: what stands behind it and how it forwards the client certificate."""

    upstream: str | None = Field(default=None, description="target behind it: a name, or a path to its folder")
    upstream_variant: str | None = None
    direct: str | None = Field(default=None, description="URL of the upstream, past the proxy")
    judge: str | None = Field(default=None, description="URL of the service that a gateway asks about each request")
    backend: str | None = Field(
        default=None,
        description="URL of the server behind a gateway that checks nothing itself; nobody else may reach it",
    )
    header: str | None = Field(default=None, description="header that carries the certificate")
    encoding: Literal["rfc9440", "pem-escaped", "base64-der", "xfcc", "handshake", "none"] = Field(
        default="none", description="handshake: TLS ends behind the proxy, so that nothing need be said of certificates"
    )
    chain: bool = Field(default=False, description="whether it forwards Client-Cert-Chain too")
    re_encrypts: bool = Field(default=False, description="whether it speaks TLS with the server behind it")
    certificate: str | None = Field(
        default=None,
        description="PEM file of the certificate that it shows to the server behind it; empty: it shows none",
    )
    http2: bool = Field(default=False, description="whether its clients may speak HTTP/2 (ALPN h2, RFC 9113)")
    alone: str | None = Field(default=None, description="URL of a door behind which the suite itself listens")
    other_host: str | None = Field(
        default=None,
        description="name of a second virtual host at alone, whose clients show certificates of the authority {guests}",
    )
    mends: dict[str, str] = Field(
        default_factory=dict, description="by topic of the behaviour table: the configuration that behaves as it should"
    )


class TrustedHop(Table):
    """Where the server listens for a trusted proxy, whose word on the client certificate it believes (RFC 9440)."""

    resource: str | None = Field(default=None, description="URL of the main resource for the proxy")
    token: str | None = Field(default=None, description="URL of the token endpoint for the proxy")
    header: str = Field(default="Client-Cert", description="header that carries the certificate")
    encoding: Literal["rfc9440", "pem-escaped", "base64-der", "xfcc"] = "rfc9440"
    certificate: str | None = Field(
        default=None,
        description="PEM file of certificate and key by which the server knows the proxy; empty: by where it is",
    )


class TargetTable(Table):
    """A whole target.toml."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    summary: str = ""
    roles: list[Role] = Field(min_length=1, description="what is judged")
    issuer: str | None = None
    ca: str | None = Field(default=None, description="PEM file of the CA; absent: the system's")
    capabilities: list[str] = Field(default_factory=list)
    requests_per_second: float | None = Field(default=None, gt=0)
    deadline: float = Field(default=10.0, gt=0, description="seconds that one exchange may take")
    vars: dict[str, Scalar] = Field(default_factory=dict)
    listeners: dict[Name, Listener] = Field(default_factory=dict)
    services: list[Service] = Field(default_factory=list)
    clients: dict[Name, Client] = Field(default_factory=dict)
    introspection: Introspection = Field(default_factory=Introspection)
    registration: Registration = Field(default_factory=Registration)
    authorization: Authorization | None = None
    resources: dict[Name, Resource] = Field(default_factory=dict)
    endpoints: Endpoints = Field(default_factory=Endpoints)
    windows: Windows = Field(default_factory=Windows)
    proxy: Proxy | None = None
    trusted_hop: TrustedHop | None = None
    profiles: list[str] = Field(
        default_factory=list, description="profiles that are judged by the configurations that name them, and no other"
    )
    variants: dict[Name, dict[str, object]] = Field(default_factory=dict)

    @property
    def posted(self) -> Resource | None:
        """The first resource besides the main one that is asked by POST; None where there is none."""
        others = list(self.resources.values())[1:]
        return next((resource for resource in others if resource.method == "POST"), None)

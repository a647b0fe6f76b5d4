"""The resource server: a few resources behind `Protection`, and its metadata (RFC 9728)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import incoming as requests
from .application import Frame, refusal
from .guards import guard
from .issuer import Issuer, claims_by_introspection, claims_by_keys
from .proof import Proofs
from .protection import Access, Protection
from .refusals import Refused
from .resource_metadata import RESOURCES, WELL_KNOWN, ResourceMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from .settings import Settings

CANARY = "holdfast protected resource"
_SCOPE_OF = {"/admin": "admin"}
_MOST_NOTES = 100


@guard("anonymous.nothing_presented")
def presents_nothing(incoming: requests.Incoming) -> bool:
    """Tell whether a request is one of nobody; one with credentials that fail never becomes that."""
    placed = (*incoming.query, *incoming.form)
    return not incoming.values("authorization") and not any(name == "access_token" for name, _ in placed)


class ResourceServer:
    """The resource server as an object: `app` is its ASGI application."""

    def __init__(self, settings: Settings, proofs: Proofs | None = None) -> None:
        self.settings = settings
        self.issuer = Issuer(settings)
        self.proofs = proofs or Proofs(settings)
        self.metadata = ResourceMetadata(settings)
        self.protection = Protection(settings, self.proofs, self._claims)
        self.notes: dict[str, list[str]] = {}
        routes = [
            Route("/resource", self._protected, methods=["GET", "POST"]),
            Route("/admin", self._protected, methods=["GET", "POST"]),
            Route("/greeting", self._protected, methods=["GET"]),
            Route("/notes", self._protected, methods=["GET", "POST"]),
            Route("/jwks", self._jwks),
            Route(WELL_KNOWN, self._metadata),
            *(Route(WELL_KNOWN + path, self._metadata) for path in RESOURCES),
        ]
        starlette = Starlette(routes=routes)
        starlette.router.redirect_slashes = False
        self.app = Frame("rs", starlette)

    def replica(self) -> ResourceServer:
        """Give a second node of this server, by the same name (`Settings.replicas`)."""
        return ResourceServer(self.settings, self.proofs.of_a_replica(shared=self.settings.replicas == "shared"))

    async def _claims(self, token: str) -> Mapping[str, Any]:
        lookup = claims_by_introspection if self.settings.lookup == "introspection" else claims_by_keys
        return await lookup(token, self.issuer, self.settings)

    async def _metadata(self, request: Request) -> Response:
        origin = self.settings.guards("request.origin", request, self.settings, self.settings.rs_url)
        return JSONResponse(self.metadata.document(origin, request.scope["path"].removeprefix(WELL_KNOWN)))

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self.metadata.key_set)

    async def _protected(self, request: Request) -> Response:
        path = request.scope["path"]
        try:
            incoming, body = await requests.read(request, self.settings, self.settings.rs_url)
        except Refused as refused:
            return refusal(refused)
        if path == "/greeting" and self.settings.guards("anonymous.nothing_presented", incoming):
            return JSONResponse({"greeting": "hello, stranger"})

        def use(access: Access) -> Response:
            return self._notes(incoming, body, access) if path == "/notes" else self._resource(incoming, access)

        return await self.protection.answer(incoming, _SCOPE_OF.get(path, ""), use, incoming.origin + WELL_KNOWN + path)

    @staticmethod
    def _resource(incoming: requests.Incoming, access: Access) -> Response:
        return JSONResponse(
            {
                "canary": CANARY,
                "method": incoming.method,
                "path": incoming.path,
                "sub": access.claims.get("sub"),
                "scope": " ".join(sorted(access.scope)),
            }
        )

    def _notes(self, incoming: requests.Incoming, body: bytes, access: Access) -> Response:
        """Keep a note of the subject, or read its notes back: the side effect that a refused request must not have."""
        notes = self.notes.setdefault(str(access.claims.get("sub")), [])
        if incoming.method == "POST":
            notes.append(body.decode("utf-8", "replace")[:1000])
            del notes[:-_MOST_NOTES]
        return JSONResponse({"canary": CANARY, "notes": notes}, 201 if incoming.method == "POST" else 200)

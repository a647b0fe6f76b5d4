"""KeySets: what clients publish at their jwks_uri (RFC 7591 section 2), served by the suite while a case runs."""

import json
import secrets
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from holdfast.parties import serving
from holdfast.pki import Credential

Jwk = dict[str, object]

#: Seconds that a connection may take.
PATIENCE = 10


@dataclass
class KeySet:
    """What lies at one URL: `keys` may be replaced while it is served; `fetched` counts who asked."""

    url: str
    keys: Sequence[Jwk]
    fetched: int = 0


@dataclass
class KeySets:
    """A server over TLS, with one URL for each client. `close` ends it.

    host: the name under which the target reaches this machine; bind: the address to listen at.
    """

    host: str
    bind: str
    credential: Credential = field(repr=False)

    def __post_init__(self) -> None:
        self._sets: dict[str, KeySet] = {}
        self._server = _Server((self.bind, 0), self._sets, serving.context(self.credential))
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def publish(self, *keys: Jwk) -> KeySet:
        """Serve these keys at a URL of their own."""
        path = f"/{secrets.token_hex(8)}/jwks"
        found = self._sets[path] = KeySet(f"https://{self.host}:{self._server.server_address[1]}{path}", keys)
        return found

    def close(self) -> None:
        """End it; whoever comes now is refused."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], sets: dict[str, KeySet], context: ssl.SSLContext) -> None:
        self.sets = sets
        super().__init__(address, _Handler)
        # The handshake is made where the request is read, in a thread of its own.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_: object) -> None:
        """Say nothing: who breaks off a connection is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        found = self.server.sets.get(self.path)
        if found is None:
            self.send_error(404)
            return
        found.fetched += 1
        body = json.dumps({"keys": list(found.keys)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/jwk-set+json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

"""Small servers on loopback that do as a test tells them, one thread for each connection."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import trustme

from holdfast.wire import ContextCache, Wire

Handler = Callable[[socket.socket], None]


class Server:
    """Listens until it is closed; what a handler raises because its client went away is nobody's business."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None) -> None:
        self._handler, self._context = handler, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listener.getsockname()[1]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._context is None:
                self._handler(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._open.append(secured)
                self._handler(secured)

    def close(self) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "rs.strict.test").configure_cert(context)
    return context


def _answer(connection: socket.socket) -> None:
    while data := connection.recv(65_536):
        if data.endswith(b"\r\n\r\n"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def answers() -> Handler:
    """Answer 200 to every request that has no body."""
    return _answer


@pytest.fixture
def serve(server_context: ssl.SSLContext) -> Iterator[Callable[..., str]]:
    """Start a server: serve(handler, tls=..., context=...) gives its URL; without a handler it answers 200 to all."""
    servers: list[Server] = []

    def start(handler: Handler = _answer, *, tls: bool = True, context: ssl.SSLContext | None = None) -> str:
        servers.append(Server(handler, (context or server_context) if tls else None))
        return f"{'https' if tls else 'http'}://localhost:{servers[-1].port}"

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def make_wire(authority: trustme.CA) -> Iterator[Callable[..., Wire]]:
    """Make a Wire that trusts the servers and may go anywhere, unless its keywords say otherwise."""
    wires: list[Wire] = []

    def make(**options: object) -> Wire:
        usual: dict[str, object] = {
            "authorities": authority.cert_pem.bytes(),
            "allowed": lambda _host, _port: True,
            "contexts": ContextCache(),
            "deadline": 20.0,
        }
        wires.append(Wire(**(usual | options)))  # type: ignore[arg-type]  # options of many kinds
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


@pytest.fixture
def wire(make_wire: Callable[..., Wire]) -> Wire:
    return make_wire()

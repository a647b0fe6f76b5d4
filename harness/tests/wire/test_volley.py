"""Requests sent at once: all are on their way before the first is whole, and each is told as if it were alone."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from holdfast.wire import Answer, Request, Wire
from holdfast.wire.line import Line

Serve = Callable[..., str]

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"


class Watch:
    """Remembers what it was asked, and answers with the path that was asked for."""

    def __init__(self) -> None:
        self.connections = 0
        self.heads: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := connection.recv(65_536)):
                return
            head += data
        self.heads.append(head)
        path = head.split(b" ")[1]
        connection.sendall(BODY % (len(path), path))


def paths(url: str, number: int) -> list[Request]:
    return [Request("GET", f"{url}/{n}") for n in range(number)]


@pytest.mark.parametrize("tls", [True, False])
def test_the_last_bytes_are_held_back_until_all_else_is_written(
    serve: Serve,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,  # noqa: FBT001 - a column
) -> None:
    written: list[tuple[int, bytes]] = []
    write = Line.write

    def noted(line: Line, data: bytes) -> None:
        written.append((id(line), bytes(data)))
        write(line, data)

    monkeypatch.setattr(Line, "write", noted)
    answers = wire.volley(paths(serve(Watch(), tls=tls), 20))

    assert [data for _, data in written[20:]] == [b"\n"] * 20
    assert all(data.endswith(b"\r\n\r") for _, data in written[:20])
    assert len({line for line, _ in written[:20]}) == len({line for line, _ in written[20:]}) == 20
    assert [(one.status, one.body) for one in answers] == [(200, f"/{n}".encode()) for n in range(20)]
    assert all(one.sent.endswith(b"\r\n\r\n") and not one.reused for one in answers)


def test_a_copy_that_finds_nobody_is_told_and_the_others_arrive(serve: Serve, wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    url = serve(Watch())
    answers = wire.volley([*paths(url, 2), Request("GET", f"https://localhost:{nobody}/"), Request("GET", "nowhere")])

    assert [one.fault for one in answers] == ["", "", "unreachable", "unreachable"]


def test_a_server_that_hangs_up_is_told_for_its_copy_alone(serve: Serve, wire: Wire) -> None:
    good, bad = serve(Watch()), serve(lambda connection: connection.recv(1))
    answers = wire.volley([Request("GET", f"{bad}/"), *paths(good, 1)])

    assert answers[0].status is None
    assert answers[0].fault in {"closed", "reset"}
    assert answers[1].status == 200


def test_nothing_is_sent_where_one_request_may_not_go(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    watch = Watch()
    url = serve(watch)
    wire = make_wire(allowed=lambda host, _port: host == "localhost")

    with pytest.raises(PermissionError, match="not named in the target file"):
        wire.volley([*paths(url, 1), Request("GET", "https://elsewhere.test/")])
    assert watch.connections == 0


def test_a_stop_ends_a_volley(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    stop = threading.Event()

    def stops(connection: socket.socket) -> None:
        connection.recv(65_536)
        stop.set()
        connection.recv(1)

    url = serve(stops)
    started = time.monotonic()
    (answer,) = make_wire(stop=stop).volley(paths(url, 1))

    assert (answer.status, time.monotonic() - started < 5) == (None, True)


# Another address for the same URL


def test_a_request_goes_through_another_address_and_names_the_url(serve: Serve, wire: Wire) -> None:
    there = Watch()
    port = int(serve(there).rpartition(":")[2])
    answer = wire.send(Request("GET", "https://rs.strict.test/path", through=("localhost", port)))

    assert answer.body == b"/path"
    assert b"Host: rs.strict.test\r\n" in there.heads[0]
    assert answer.tls is not None
    assert answer.tls.server_name == "rs.strict.test"


def test_a_request_through_another_address_has_a_connection_of_its_own(serve: Serve, wire: Wire) -> None:
    here, there = Watch(), Watch()
    url, other = serve(here, tls=False), serve(there, tls=False)
    request = Request("GET", f"{url}/path", through=("localhost", int(other.rpartition(":")[2])))
    answers: list[Answer] = [wire.send(request), wire.send(request)]

    assert [one.reused for one in answers] == [False, False]
    assert (here.connections, there.connections) == (0, 2)


def test_an_address_that_is_not_named_is_not_contacted(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    there = Watch()
    port = int(serve(there).rpartition(":")[2])
    wire = make_wire(allowed=lambda host, _port: host == "rs.strict.test")

    with pytest.raises(PermissionError, match=f"localhost:{port} is not named"):
        wire.send(Request("GET", "https://rs.strict.test/", through=("localhost", port)))
    assert there.connections == 0

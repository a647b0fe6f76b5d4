"""A listener notices whoever comes, and only those who come to it."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from holdfast.parties.listener import Listener


@pytest.fixture
def two() -> Iterator[list[Listener]]:
    both = [Listener("localhost", "127.0.0.1") for _ in range(2)]
    yield both
    for listener in both:
        listener.close()


def test_nobody_has_called_where_nobody_came(two: list[Listener]) -> None:
    assert not two[0].called


def test_a_connection_is_a_call_at_that_listener_alone(two: list[Listener]) -> None:
    address = urlsplit(two[0].url)
    socket.create_connection(("127.0.0.1", address.port or 0)).close()

    assert [listener.called for listener in two] == [True, False]


def test_nobody_gets_through_when_it_has_ended(two: list[Listener]) -> None:
    two[0].close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(two[0].url).port or 0), timeout=5)

"""Slots: how many exchanges are in flight, and who is next."""

import threading

from holdfast.engine import Slots


def test_whoever_comes_back_from_waiting_has_the_next_slot() -> None:
    slots, order = Slots(1, threading.Event()), list[str]()
    waiting = threading.Event()

    def waits() -> None:
        with slots.held():
            waiting.set()
            slots.wait(0.1)
            order.append("back")

    def comes(name: str) -> None:
        with slots.held():
            order.append(name)

    first = threading.Thread(target=waits)
    first.start()
    assert waiting.wait(5)
    with slots.held():
        others = [threading.Thread(target=comes, args=(name,)) for name in ("one", "two")]
        for other in others:
            other.start()
        threading.Event().wait(0.5)
    for thread in (first, *others):
        thread.join()

    assert order[0] == "back"
    assert set(order) == {"back", "one", "two"}

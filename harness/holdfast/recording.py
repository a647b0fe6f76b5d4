"""Evidence is written beside the run, in a thread of its own, while the cases wait for their answers."""

import queue
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from holdfast.difference import Difference, Sent, differences
from holdfast.evidence import EvidenceWriter
from holdfast.exchange import Exchange
from holdfast.masking import Masker
from holdfast.results import CaseResult, Evidence, ExchangeRecord

#: Cases whose evidence may wait to be written; the case after that waits itself, so that memory stays bounded.
WAITING = 64


def paired(exchanges: Sequence[Exchange], masker: Masker) -> list[ExchangeRecord]:
    """Give the records of a case: what it borrows of earlier cases first, and beside each judged one its control."""
    own = {id(seen) for seen in exchanges}
    controls = {id(seen.control): seen.control for seen in exchanges if seen.control is not None}
    borrowed = [seen for key, seen in controls.items() if key not in own]
    number = {id(seen): place for place, seen in enumerate([*borrowed, *exchanges], 1)}
    records = [seen.record(masker, number[id(seen)]) for seen in [*borrowed, *exchanges]]
    for record in records[: len(borrowed)]:
        record.shared = True
    for place, (record, seen) in enumerate(zip(records[len(borrowed) :], exchanges, strict=True)):
        if seen.control is not None:
            record.control = number[id(seen.control)]
            found = _differs(seen, seen.control, exchanges[:place])
            record.differs = [difference.said(masker.text) for difference in found]
    return records


def _differs(seen: Exchange, control: Exchange, before: Sequence[Exchange]) -> list[Difference]:
    earlier = [other.request for other in before if other is not control and not other.challenged]
    hostile, honest = (Sent(one.request, one.answer.started, one.nonce) for one in (seen, control))
    return differences(hostile, honest, earlier)


class Recorder:
    """Masks and writes what cases exchanged, and notes in each result where it lies. Closed, everything is written.

    The first error of writing is raised when it is closed.
    """

    def __init__(self, writer: EvidenceWriter, masker: Masker) -> None:
        self._writer = writer
        self._masker = masker
        self._queue: queue.Queue[tuple[CaseResult, Sequence[Exchange]] | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="evidence", daemon=True)
        self._thread.start()

    def record(self, result: CaseResult, exchanges: Sequence[Exchange]) -> None:
        """Have this case's exchanges written; the result learns where when it is done."""
        if exchanges:
            self._queue.put((result, exchanges))

    def close(self) -> None:
        """Wait until all is written. Raises what went wrong in writing."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (given := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._write(*given)
                except Exception as error:  # noqa: BLE001 - raised again by close
                    self._error = error

    def _write(self, result: CaseResult, exchanges: Sequence[Exchange]) -> None:
        records = paired(exchanges, self._masker)
        result.evidence = self._writer.append(Evidence(case=result.id, exchanges=records))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

"""Clock: real time, as a case lets it pass."""

from holdfast.engine import Slots
from holdfast.errors import Inconclusive
from holdfast.parties.bench import Bench


class Clock:
    """Real time. A case that waits gives its slot back, so that a run costs its longest wait and not the sum."""

    def __init__(self, bench: Bench, slots: Slots) -> None:
        self._bench = bench
        self._slots = slots

    def wait(self, seconds: float) -> None:
        """Let that much real time pass. Raises Inconclusive when the run is stopped meanwhile."""
        if not self._slots.wait(seconds):
            raise Inconclusive("the run was stopped")

    def outlast(self, window: str, *, by: float = 1.5) -> None:
        """Let a declared window of the target pass, and a little more (seconds)."""
        self.wait(self.window(window) + by)

    def window(self, name: str) -> float:
        """Give a declared window in seconds. Raises Inconclusive where the target file declares none."""
        declared = getattr(self._bench.running.target.windows, name, None)
        if declared is None:
            raise Inconclusive(f"the target file declares no window {name}")
        return float(declared)

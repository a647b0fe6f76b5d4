"""Starting targets, as processes, as containers or not at all because they run already, and ending them again."""

from holdfast.launch.lab import PortTakenError, Suite, start
from holdfast.launch.material import ClientMaterial
from holdfast.launch.ready import Stopped
from holdfast.launch.running import Ground, Kind, Running

__all__ = ["ClientMaterial", "Ground", "Kind", "PortTakenError", "Running", "Stopped", "Suite", "start"]

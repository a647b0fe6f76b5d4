"""The wire: sends a request exactly as told, legal or not, and records what went over it. It knows nothing of OAuth."""

from holdfast.wire.messages import STOPPED, Answer, Fault, Request
from holdfast.wire.sender import Wire
from holdfast.wire.tls import ContextCache

__all__ = ["STOPPED", "Answer", "ContextCache", "Fault", "Request", "Wire"]

"""The wire: sends a request exactly as told, legal or not, and records what went over it. It knows nothing of OAuth."""

from holdfast.wire.messages import NO_ANSWER, REFUSALS, STOPPED, Answer, Fault, Fields, Http2, Request
from holdfast.wire.sender import Wire
from holdfast.wire.tls import ContextCache

__all__ = ["NO_ANSWER", "REFUSALS", "STOPPED", "Answer", "ContextCache", "Fault", "Fields", "Http2", "Request", "Wire"]

"""How a TLS handshake may depart from the usual one (RFC 8446)."""

from dataclasses import dataclass
from typing import Literal

from holdfast.pki import Credential

Version = Literal["1.0", "1.1", "1.2", "1.3"]
#: What the client's first message comes in two of: records of TLS (RFC 8446, section 5.1), or segments of TCP.
Pieces = Literal["records", "segments"]


@dataclass(frozen=True, slots=True)
class Handshake:
    """How the TLS handshake of a request departs from the usual one; the connection is a new one.

    version: the only one that is offered. server_name: the name in SNI, empty for none. resumes: the origin of a URL
    whose latest session, with the same certificate and version, is taken up (RFC 8446, section 2.2). renegotiates: the
    certificate that a second handshake shows before the request is sent, in TLS 1.2 (RFC 5746). pieces: what the
    ClientHello comes in two of, parted before the server's name.
    With another server_name or a second handshake the server's chain is checked as ever, and its name is not.
    """

    version: Version | None = None
    server_name: str | None = None
    resumes: str = ""
    renegotiates: Credential | None = None
    pieces: Pieces | None = None

    def __str__(self) -> str:
        said = [f"TLS {self.version} only" if self.version else ""]
        said += [] if self.server_name is None else [f"server name {self.server_name!r}"]
        said += [f"session of {self.resumes}" if self.resumes else ""]
        said += [f"renegotiated as {self.renegotiates.thumbprint}" if self.renegotiates else ""]
        said += [f"ClientHello in two {self.pieces}" if self.pieces else ""]
        return ", ".join(filter(None, said)) or "a new one"

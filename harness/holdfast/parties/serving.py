"""TLS of the servers that the suite itself is."""

import ssl
import tempfile
from pathlib import Path

from holdfast.pki import Authority, Credential


def context(credential: Credential, clients: Authority | None = None) -> ssl.SSLContext:
    """Make the context of a server that shows this certificate.

    clients: the authority of a certificate that is asked for; who shows none is welcome, who shows another's is not.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL's Python binding reads a key only from a file.
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        made.load_cert_chain(credential.write(Path(folder)))
    if clients is not None:
        made.verify_mode = ssl.CERT_OPTIONAL
        made.load_verify_locations(cadata=clients.pem.decode("ascii"))
    return made

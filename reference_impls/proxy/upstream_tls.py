"""TLS of the proxy with the server behind it, honest or with one leak."""

import ssl
from pathlib import Path

#: Who is taken for the server behind, or is told who the proxy is: each is wrong in one thing.
LEAKS = ("any-server", "any-name", "any-time", "proves-nothing")
#: Of OpenSSL; Python does not name it: https://docs.openssl.org/3.0/man3/X509_VERIFY_PARAM_set_flags/
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)


def context(authorities: Path, own: Path, leak: str) -> ssl.SSLContext:
    """Return the context for connections to upstream: it trusts these authorities and shows this certificate (PEM)."""
    made = ssl.create_default_context(cafile=authorities)
    if leak == "any-name":
        made.check_hostname = False
    if leak == "any-server":
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if leak == "any-time":
        made.verify_flags |= _NO_CHECK_TIME
    if leak != "proves-nothing":
        made.load_cert_chain(own)
    return made

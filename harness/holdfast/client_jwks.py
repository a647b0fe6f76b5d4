"""Keys of clients as an authorization server is told of them (RFC 7591 section 2, RFC 8705 section 2.2.2)."""

from holdfast import certificate_forms, pki
from holdfast.jose import Key


def signing(key: Key) -> dict[str, object]:
    """Give the JWK (RFC 7517) of a key that signs a client's assertions."""
    return {**key.public_jwk, "kid": key.thumbprint, "alg": key.alg, "use": "sig"}


def certified(credential: pki.Credential, *, key: Key | None = None) -> dict[str, object]:
    """Give the JWK of a certificate that a client shows: its key's members, and the certificate in x5c.

    key: another key in place of the certificate's own, which makes the two contradict each other.
    """
    shown = {"x5c": [certificate_forms.base64_der(credential.der)], "x5t#S256": credential.thumbprint}
    return {**signing(key or credential.key), **shown}

"""An honest authorization server and resource server for sender-constrained access tokens.

DPoP is RFC 9449, certificate-bound tokens are RFC 8705. Every check is a named guard (see `guards`).
"""

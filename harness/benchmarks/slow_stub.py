"""A stub resource server that answers after a fixed time: whoever shows a token and one proof is served."""

import argparse
import asyncio
import base64
import json
import ssl
import time

SERVED = b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\nholdfast protected resource\n"
CHALLENGE = b'WWW-Authenticate: DPoP algs="ES256", error="invalid_token"'
REFUSED = b"HTTP/1.1 401 Unauthorized\r\n" + CHALLENGE + b"\r\nContent-Length: 0\r\n\r\n"

SEEN: set[str] = set()


def answer_to(head: bytes) -> bytes:
    """Served when the head shows a token and one fresh proof that looks right; signatures are not looked at."""
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    proofs = [value.strip() for name, _, value in lines if name.lower() == b"dpop"]
    tokens = [value.strip() for name, _, value in lines if name.lower() == b"authorization"]
    if len(proofs) != 1 or len(tokens) != 1 or not tokens[0].lower().startswith(b"dpop "):
        return REFUSED
    try:
        header, claims, signature = (part + b"=" * (-len(part) % 4) for part in proofs[0].split(b"."))
        header, claims = (json.loads(base64.urlsafe_b64decode(part)) for part in (header, claims))
        right = header["typ"] == "dpop+jwt" and header["alg"] == "ES256" and "d" not in header["jwk"]
        right = right and claims["htm"] == "GET" and claims["htu"].endswith("/resource") and claims["ath"]
        right = right and abs(claims["iat"] - time.time()) < 60 and claims["jti"] not in SEEN and len(signature) == 88
        SEEN.add(claims["jti"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return REFUSED
    return SERVED if right else REFUSED


async def serve(port: int, pem: str, seconds: float) -> None:
    """Serve for ever on 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(answer_to(head))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.tls, given.seconds))

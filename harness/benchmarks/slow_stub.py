"""A stub resource server that answers after a fixed time: whoever shows a token and one proof is served."""

import argparse
import asyncio
import ssl

SERVED = b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\nholdfast protected resource\n"
REFUSED = (
    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: DPoP algs="ES256", error="invalid_token"\r\nContent-Length: 0\r\n\r\n'
)


def answer_to(head: bytes) -> bytes:
    """Served when the head has one Authorization and one DPoP line."""
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    return SERVED if names.count(b"dpop") == 1 and names.count(b"authorization") == 1 else REFUSED


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

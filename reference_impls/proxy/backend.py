"""A server that checks no token: it answers whoever shows one certificate over TLS, as a gateway may, or everybody."""

import argparse
import asyncio
import ssl
from pathlib import Path

import h11
from any_certificate import AnyCertificateContext
from gateway import answer
from relay import EXCHANGE_SECONDS, HEADER_LIMIT, Half


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gateway: bytes | None) -> None:
    """Answer one connection. gateway: the certificate, as DER, of the only one that is served; None: all are."""
    connection = writer.get_extra_info("ssl_object")
    known = gateway is None or (connection is not None and connection.getpeercert(binary_form=True) == gateway)
    half = Half(h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_LIMIT), reader, writer)
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            await answer(half, lambda _headers: known)
    except (h11.ProtocolError, OSError, TimeoutError):
        pass
    finally:
        await half.close()


def _first_certificate(pem: str) -> bytes:
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE-----") : pem.index(end) + len(end)])


async def run() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", type=Path, metavar="PEM", help="certificate chain and key; without it plain HTTP")
    parser.add_argument(
        "--only", type=Path, metavar="PEM", help="certificate of the only client; without it all are served"
    )
    options = parser.parse_args()
    gateway = _first_certificate(options.only.read_text(encoding="ascii")) if options.only else None
    context = AnyCertificateContext(options.tls) if options.tls else None
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, gateway), options.bind, options.port, ssl=context
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run())

"""Whether a started service answers: a real request, asked again until it does."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Resolve = Mapping[tuple[str, int], tuple[str, int]]

INTERVAL = 0.02
_ONE_TRY = 2.0


class Stopped(Exception):  # noqa: N818 - it is an event, not an error
    """The run was told to stop while a target was being started."""


def address(url: str) -> tuple[str, int]:
    """Host and port of a URL, the scheme's port where it names none."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class Probe:
    """Asks one URL. `context` holds the lab's CA and a client certificate, in case the service wants one."""

    def __init__(self, url: str, status: int | None, context: ssl.SSLContext, resolve: Resolve) -> None:
        self.url = url
        self.problem = ""
        self._status = status
        self._context = context
        self._resolve = resolve

    def wait(self, seconds: float, stop: threading.Event, ended: Callable[[], bool]) -> bool:
        """Whether it answers within these seconds; False also once `ended` says that the service is gone.

        Raises Stopped when the event is set.
        """
        import httpx

        deadline = time.monotonic() + seconds
        with httpx.Client(verify=self._context, trust_env=False, timeout=_ONE_TRY, follow_redirects=False) as client:
            while time.monotonic() < deadline:
                if self._answers(client):
                    return True
                if ended():
                    return False
                if stop.wait(INTERVAL):
                    raise Stopped(self.url)
        return False

    def _answers(self, client: object) -> bool:
        import httpx

        assert isinstance(client, httpx.Client)
        host, port = address(self.url)
        to_host, to_port = self._resolve.get((host, port), (host, port))
        parts = urlsplit(self.url)
        target = parts._replace(netloc=f"{to_host}:{to_port}").geturl()
        headers = {"Host": parts.netloc, "Connection": "close"}
        try:
            seen = client.get(target, headers=headers, extensions={"sni_hostname": host}).status_code
        except httpx.HTTPError as problem:
            self.problem = str(problem) or type(problem).__name__
            return False
        self.problem = f"it answered with status {seen}"
        return seen == self._status if self._status else seen < 500

"""The user's browser: takes an authorization request to its end and brings back what the client is told.

Three drivers (design of target files): `redirect` follows redirects, `form` also fills in forms, `command` leaves the
way to a program. The redirect URI itself is never contacted.
"""

import shlex
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.bench import Bench
from holdfast.parties.run import Message, Run, origin
from holdfast.wire import Request

STEPS = 12


class UserAgent:
    """One visit's worth of browser, with cookies of its own."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run
        self._cookies: dict[str, dict[str, str]] = {}

    def visit(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Go to an authorization URL; the parameters that come back at the redirect URI. Raises Inconclusive."""
        driver = self._bench.running.target.authorization
        if driver is None:
            raise Inconclusive("the target file has no [authorization], so that no user can consent")
        if driver.driver == "command":
            return _returned(self._by_command(list(driver.command or []), url))
        request = Request("GET", url)
        for _ in range(STEPS):
            seen = self._go(request)
            if location := seen.header("Location"):
                target = urljoin(request.url, location)
                if target.split("?")[0].split("#")[0] == redirect_uri:
                    return _returned(target)
                request = Request("GET", target)
            elif driver.driver == "form" and (form := first_form(seen.answer.body.decode("utf-8", "replace"))):
                request = self._filled(form, request.url, driver.fields)
            else:
                raise Inconclusive(f"the authorization endpoint did not lead back to the client: {seen!r}")
        raise Inconclusive(f"the authorization endpoint did not lead back to the client in {STEPS} steps")

    def _go(self, request: Request) -> Exchange:
        jar = self._cookies.setdefault(origin(request.url), {})
        headers = request.headers
        if jar:
            headers += (("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items())),)
        sent = Request(request.method, request.url, headers, request.body)
        message = Message("authorization", "the user", lambda: sent, lambda _: False, absorbs=False)
        seen = self._run.send(message, "ground")
        for line in seen.headers("Set-Cookie"):
            try:
                jar.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
            except CookieError:
                continue
        return seen

    def _filled(self, form: "Form", base: str, given: Mapping[str, str]) -> Request:
        fields = form.fields | {name: value for name, value in given.items() if name in form.names}
        target = urljoin(base, form.action or base)
        if form.method == "GET":
            return Request("GET", f"{target.split('?')[0]}?{urlencode(fields)}")
        kind = (("Content-Type", "application/x-www-form-urlencoded"),)
        return Request("POST", target, kind, urlencode(fields).encode())

    def _by_command(self, command: list[str], url: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the target file names the program
                [*command, url], capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Inconclusive(f"[authorization] command: {error}") from None
        if done.returncode:
            raise Inconclusive(f"[authorization] {shlex.join(command)} ended with {done.returncode}")
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def _returned(url: str) -> Mapping[str, str]:
    parts = urlsplit(url)
    pairs = parse_qs(parts.query) | parse_qs(parts.fragment)
    return {name: values[0] for name, values in pairs.items()}


class Form:
    """An HTML form: where it goes, how, and its fields with their values."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method.upper()
        self.fields: dict[str, str] = {}
        self.names: set[str] = set()


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(said.get("action", ""), said.get("method", "GET")))
            self._open = True
        elif tag in {"input", "button"} and self._open and said.get("name"):
            form = self.found[-1]
            form.names.add(said["name"])
            kind = said.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in said:
                form.fields.setdefault(said["name"], said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def first_form(page: str) -> Form | None:
    """Give the first form of a page, or None."""
    reader = _Forms()
    reader.feed(page)
    return reader.found[0] if reader.found else None

"""The user's browser: takes an authorization request to its end and brings back what the client is told.

Three drivers (design of target files): `redirect` follows redirects, `form` also fills in forms, `command` leaves the
way to a program. The redirect URI itself is never contacted.
"""

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.bench import Bench
from holdfast.parties.run import Message, Purpose, Run, origin
from holdfast.target_model import Authorization
from holdfast.wire import Answer, Request

STEPS = 12


class UserAgent:
    """One visit's worth of browser, with cookies of its own."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run
        self._cookies: dict[str, dict[str, str]] = {}

    def walk(self, message: Message, ends: Sequence[str], purpose: Purpose) -> Exchange:
        """Take an authorization request to its end, which is the last exchange; its outcome is that of the first too.

        It ends where the browser is sent to a URL that begins with one of `ends`, or is sent nowhere. Raises
        Inconclusive when it comes to no end, and when the target file has no [authorization] that says how to go on.
        """
        driver = _driver(self._bench)
        first = seen = self._go(message, purpose)
        for _ in range(STEPS):
            request = self._onward(seen, ends, driver)
            if request is None:
                first.outcome = seen.outcome
                return seen
            seen.outcome = Outcome.NONE
            step = Message(message.endpoint, message.sender, _given(request), message.accepted, absorbs=False)
            try:
                seen = self._go(step, "ground")
            except PermissionError as why:
                raise Inconclusive(f"the authorization endpoint sends the user elsewhere: {why}") from None
        raise Inconclusive(f"the authorization endpoint did not lead back to the client in {STEPS} steps")

    def command(self, url: str) -> Mapping[str, str]:
        """Let the target file's program go to an authorization URL; what comes back at the redirect URI.

        Raises Inconclusive when the program fails.
        """
        return _parameters(self._by_command(list(_driver(self._bench).command or []), url))

    def _onward(self, seen: Exchange, ends: Sequence[str], driver: Authorization) -> Request | None:
        """Give the next request of the way, None at its end, which is also where an address is none."""
        if location := seen.header("Location"):
            target = _joined(seen.request.url, location)
            return None if not target or target.startswith(tuple(ends)) else Request("GET", target)
        form = _form(seen.answer)
        if driver.driver != "form" or form is None or form.action.startswith(tuple(ends)):
            return None
        return self._filled(form, seen.request.url, driver.fields)

    def _go(self, message: Message, purpose: Purpose) -> Exchange:
        request = message.make()
        jar = self._cookies.setdefault(origin(request.url), {})
        headers = request.headers
        if jar:
            headers += (("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items())),)
        sent = Request(request.method, request.url, headers, request.body)
        seen = self._run.send(replace(message, make=_given(sent), steps=None), purpose)
        for line in seen.headers("Set-Cookie"):
            # As a browser reads it (RFC 6265, section 5.2); what http.cookies keeps depends on Python's version.
            name, given, value = line.partition(";")[0].partition("=")
            if given and name.strip():
                jar[name.strip()] = value.strip()
        return seen

    def _filled(self, form: "Form", base: str, given: Mapping[str, str]) -> Request | None:
        fields = form.fields | {name: value for name, value in given.items() if name in form.names}
        target = _joined(base, form.action or base)
        if not target:
            return None
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


def returned(answer: Answer, ends: Sequence[str]) -> Mapping[str, str]:
    """Give what an answer has the browser tell the client, which is at a URL that begins with one of `ends`.

    In the query or the fragment of a redirect (RFC 6749 sections 4.1.2 and 4.2.2), or in a form that posts itself;
    empty where that is nothing.
    """
    location = next((value for name, value in answer.headers if name.lower() == "location"), "")
    if location.startswith(tuple(ends)):
        return _parameters(location)
    form = _form(answer)
    return form.fields if form is not None and form.action.startswith(tuple(ends)) else {}


def _driver(bench: Bench) -> Authorization:
    driver = bench.running.target.authorization
    if driver is None:
        raise Inconclusive("the target file has no [authorization], so that no user can consent")
    return driver


def _given(request: Request) -> Callable[[], Request]:
    return lambda: request


def _joined(base: str, reference: str) -> str:
    """Resolve a reference (RFC 3986, section 5); empty for one that is none."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""


def _form(answer: Answer) -> "Form | None":
    return first_form(answer.body.decode("utf-8", "replace")) if b"<form" in answer.body.lower() else None


def _parameters(url: str) -> Mapping[str, str]:
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

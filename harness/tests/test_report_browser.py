"""The golden report in a real browser, as a reader opens it: from a file, with nothing to ask of any network."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast.rooms import reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.requires("chromium")

# As root chromium needs --no-sandbox; the others keep it from asking its maker's servers for news.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _opened(browser: "Browser", *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> "Iterator[Page]":
    """The golden report; leaving fails when it complained, asked for anything, or ran what the target sent."""
    amiss: list[str] = []
    asked: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
    )
    page = context.new_page()
    page.on("console", lambda message: amiss.append(message.text))
    page.on("pageerror", lambda error: amiss.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = _golden().as_uri()
    page.goto(address)
    yield page
    if scripts:
        assert page.evaluate("window.__pwned") is None
    context.close()
    assert amiss == []
    assert asked == [address]


def _golden() -> Path:
    return reports() / "golden" / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_opens_without_complaint_and_never_scrolls_sideways(
    browser: "Browser", width: int, scheme: str
) -> None:
    with _opened(browser, width=width, scheme=scheme) as page:
        page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
        page.locator("#rows .command").nth(74).wait_for(state="attached")

        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_evidence_opens_on_a_click(browser: "Browser") -> None:
    with _opened(browser) as page:
        case = page.locator("#rows details", has_text="test_htu[resource-other-path]").first
        case.locator("summary").first.click()
        case.locator(".exchange.judged pre").first.wait_for()

        assert case.locator(".exchange").count() == 4
        assert "401, refused" in (case.locator(".exchange.judged > summary").text_content() or "")
        assert "onerror=window.__pwned" in (case.locator(".exchange.judged pre").nth(1).text_content() or "")
        assert (case.locator(".spelt").first.text_content() or "").startswith("\\u{")


def test_the_list_is_filtered_by_text_verdict_suite_and_target(browser: "Browser") -> None:
    with _opened(browser) as page:
        rows = page.locator("#rows > li")
        assert rows.count() == 75
        page.locator("[name=verdict]").select_option("failed")
        page.get_by_text("6 of 75").wait_for()
        page.locator("[name=suite]").select_option("mtls")
        page.get_by_text("2 of 75").wait_for()
        page.locator("[name=run]").select_option("sieve/nonce-required")
        page.get_by_text("1 of 75").wait_for()
        page.get_by_role("button", name="Clear").click()
        page.get_by_text("75 cases").wait_for()
        page.locator("[name=text]").fill("HTU other-host")
        page.get_by_text("1 of 75").wait_for()

        assert rows.count() == 1


def test_a_link_on_the_first_screen_unfolds_its_finding(browser: "Browser") -> None:
    with _opened(browser) as page:
        page.get_by_role("link", name="A bound token needs its certificate").click()
        finding = page.locator("details.finding", has_text="mtls/test_bound.py").first

        finding.locator(".compare").wait_for()


def test_a_link_to_a_case_opens_it_in_the_list(browser: "Browser") -> None:
    with _opened(browser) as page:
        page.locator("#left-out summary").first.click()
        link = page.locator("#left-out .names a").first
        place = link.get_attribute("href") or ""
        link.click()

        page.locator(f"{place} .command").wait_for()


def test_a_keyboard_alone_opens_a_case(browser: "Browser") -> None:
    with _opened(browser) as page:
        page.locator("#rows summary").first.focus()
        page.keyboard.press("Enter")

        page.locator("#rows .command").first.wait_for()


def test_summary_findings_and_requirements_need_no_script(browser: "Browser") -> None:
    with _opened(browser, scripts=False) as page:
        assert page.get_by_role("heading", level=1).inner_text().startswith("1 of 4 targets holds")
        assert page.get_by_text("the target refuses every honest request").first.is_visible()
        assert page.locator("noscript").is_visible()
        assert not page.locator("#filter").is_visible()
        page.locator("details.finding", has_text="mtls/test_bound.py").first.locator("summary").first.click()
        assert page.get_by_text("Known failure in base").is_visible()
        page.locator(".specification summary").first.click()
        assert page.locator("#requirements").get_by_text("A jti that was seen is not taken again.").is_visible()

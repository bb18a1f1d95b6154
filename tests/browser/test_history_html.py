"""The history page in Chromium: it works by mouse and keyboard, loads nothing, and is legible in every form."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS

from golden_ami.storage.objects import DirectoryStore
from golden_ami_cli.history.page import page as html_of
from golden_ami_cli.history.source import history_of

CHROMIUM = Path("/usr/bin/chromium")
FIXTURES = Path(__file__).parents[1] / "fixtures/history"
SHOTS = os.environ.get("HISTORY_SHOTS")  # a directory to leave screenshots in, for the eye

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"),
]


@dataclass
class Tab:
    """An open page, with all that it complained of or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def state(self, name: str) -> Any:
        return self.page.locator(f'.state[data-state="{name}"]')

    @property
    def detail(self) -> Any:
        return self.page.locator("#detail")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", *quiet], timeout=HANGS * 1000
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Opens a recorded history's page; afterwards nothing may have been complained of or asked for."""
    tabs: list[Tab] = []

    def open_page(name: str, *, width: int = 1280, height: int = 900, many: bool = False, **context: Any) -> Tab:
        it = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
        history = history_of(it["events"], it["definition"], it["description"], it["rows"], DirectoryStore(tmp_path))
        if many:
            history.steps = (history.steps * (25_000 // len(history.steps) + 1))[:25_000]
        file = tmp_path / f"{name}.html"
        file.write_text(html_of(history), encoding="utf-8")
        page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
        page.set_default_timeout(HANGS * 1000)
        tab = Tab(page)
        page.on("console", lambda message: tab.complaints.append(message.text))
        page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        page.on("request", lambda request: tab.requests.append(request.url))
        page.goto(file.as_uri())
        tabs.append(tab)
        if SHOTS:
            kind = "dark" if context.get("color_scheme") == "dark" else "narrow" if width < 600 else "wide"
            page.screenshot(path=f"{SHOTS}/history-{name}-{kind}.png", full_page=True)
        return tab

    yield open_page
    for tab in tabs:
        assert tab.complaints == []
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
        assert sum(url.startswith("file:") for url in tab.requests) == 1
        tab.page.context.close()


def test_a_state_shows_its_attempts_input_and_output(opened: Callable[..., Tab]) -> None:
    tab = opened("retries")
    tab.state("Check Run").click()
    assert tab.detail.locator("h3").inner_text() == "Check Run"
    attempts = tab.detail.locator(".attempts tbody tr")
    assert attempts.count() == 2
    assert "Throttled" in attempts.nth(0).inner_text()
    assert tab.detail.locator("pre").count() == 0  # payloads are rendered when asked for
    tab.detail.get_by_text("Output", exact=True).click()
    assert json.loads(tab.detail.locator("pre").inner_text())["run"]["assessment"]["over"] is True


def test_the_graph_is_used_by_keyboard(opened: Callable[..., Tab]) -> None:
    tab = opened("happy")
    tab.state("Wait For Boot").focus()
    tab.page.keyboard.press("Enter")
    assert tab.detail.locator("h3").inner_text() == "Wait For Boot"
    assert "4 min 0 s" in tab.detail.inner_text()
    tab.page.keyboard.press("Tab")
    focused = tab.page.evaluate("document.activeElement.dataset.state")
    tab.page.keyboard.press(" ")
    assert tab.detail.locator("h3").inner_text() == focused


def test_an_ami_is_chosen_by_its_tab(opened: Callable[..., Tab]) -> None:
    tab = opened("one-ami-fails")
    batch = tab.state("Launch Instances / Launch Batch")
    assert "s-caught" in batch.get_attribute("class")
    first = tab.page.get_by_role("tab", name="golden-1")
    first.click()
    assert first.get_attribute("aria-selected") == "true"
    assert "s-succeeded" in batch.get_attribute("class")
    assert "s-not-reached" in tab.state("Launch Instances / Launch Failed").get_attribute("class")
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.get_by_role("tab", name="golden-2").get_attribute("aria-selected") == "true"
    assert "s-caught" in batch.get_attribute("class")
    batch.click()
    assert "AccessDenied" in tab.detail.inner_text()
    assert "golden-1" not in tab.detail.inner_text()


def test_the_policy_lets_only_the_pages_own_script_and_style_run(opened: Callable[..., Tab]) -> None:
    tab = opened("polled")
    policy = tab.page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert "unsafe" not in policy
    assert re.search(r"style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'", policy)
    places = tab.page.evaluate("[...document.querySelectorAll('.bar')].map((bar) => bar.getBoundingClientRect().left)")
    assert len({round(left) for left in places}) > 2  # the time line is laid out under this policy
    injected = """() => new Promise((done) => {
      const blocked = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        blocked.push(event.effectiveDirective);
        if (blocked.length === 3) done(blocked.sort());
      });
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      const image = document.createElement("div");
      image.innerHTML = "<img src='data:,' onerror='window.ran = true'><p style='color: red'>x</p>";
      document.body.append(script, image);
    })"""
    assert tab.page.evaluate(injected) == ["script-src-attr", "script-src-elem", "style-src-attr"]
    assert tab.page.evaluate("window.ran") is None
    tab.complaints.clear()  # of these three


def test_a_failed_run_opens_at_its_fault(opened: Callable[..., Tab]) -> None:
    tab = opened("failed", color_scheme="dark")
    assert "EngineUnavailable" in tab.page.get_by_role("alert").inner_text()
    assert tab.detail.locator("h3").inner_text() == "Assessment Failed"


def test_the_time_line_leads_to_the_visit(opened: Callable[..., Tab]) -> None:
    tab = opened("polled")
    tab.page.locator(".bar.b-caught").first.click()
    assert tab.detail.locator("h3").inner_text() == "Await Completion"
    assert "States.Timeout" in tab.detail.inner_text()
    tab.page.get_by_role("button", name="Wait For Agents").last.click()
    assert tab.detail.locator("h3").inner_text() == "Wait For Agents"
    assert tab.detail.locator("tr.now").count() == 1


def test_twenty_five_thousand_events_are_paged_and_searched(opened: Callable[..., Tab]) -> None:
    tab = opened("retries", many=True)
    rows = tab.page.locator("#events tbody tr")
    assert rows.count() == 50
    assert tab.page.locator("#where").inner_text() == "1–50 of 25,000"  # noqa: RUF001
    tab.page.locator("#next").click()
    assert tab.page.locator("#where").inner_text().startswith("51–100")  # noqa: RUF001
    tab.page.locator("#faults").check()
    assert set(tab.page.locator("#events tbody tr td:nth-child(6)").all_inner_texts()) == {"Throttled"}
    tab.page.locator("#find").fill("no such thing")
    tab.page.get_by_text("no event matches").wait_for()
    assert rows.count() == 0


def test_an_events_data_opens_and_closes(opened: Callable[..., Tab]) -> None:
    tab = opened("happy")
    button = tab.page.get_by_role("button", name="Data of event 2", exact=True)
    button.click()
    assert "AMIsParamName" in tab.page.locator("tr.more pre").inner_text()
    button.click()
    assert tab.page.locator("tr.more").count() == 0


@pytest.mark.parametrize(("name", "width"), [("polled", 390), ("one-ami-fails", 390), ("happy", 1280)])
def test_nothing_sticks_out_sideways(opened: Callable[..., Tab], name: str, width: int) -> None:
    tab = opened(name, width=width)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_name_is_cut_in_the_graph(opened: Callable[..., Tab]) -> None:
    """Every text of a state lies within its box, and beside its mark, in the font that the browser has."""
    tab = opened("retries")
    outside = tab.page.evaluate(
        """() => [...document.querySelectorAll('.graph .state')].filter((state) => {
            const mark = state.querySelector('.mark').getBoundingClientRect();
            return [...state.querySelectorAll('text')].some((text) => text.getBoundingClientRect().right > mark.left);
        }).map((state) => state.dataset.state)"""
    )
    assert outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(opened: Callable[..., Tab], scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for the small text in the header, the badges, the tables and the notes."""
    tab = opened("failed", color_scheme=scheme)
    ratios = tab.page.evaluate(
        """() => {
            const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
            const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
            const parse = (text) => text.match(/[\\d.]+/g).map(Number);
            const ground = (element) => {
                for (let at = element; at; at = at.parentElement) {
                    const colour = parse(getComputedStyle(at).backgroundColor);
                    if (colour.length < 4 || colour[3] > 0) return colour;
                }
                return [255, 255, 255];
            };
            return [...document.querySelectorAll('.kicker, .arn, .badge, dt, dd, th, td, .fault, .hint, footer, .chip')]
                .map((element) => {
                    const text = light(parse(getComputedStyle(element).color));
                    const pair = [text, light(ground(element))].sort((a, b) => b - a);
                    return [element.className || element.tagName, (pair[0] + 0.05) / (pair[1] + 0.05)];
                });
        }"""
    )
    assert ratios
    assert [entry for entry in ratios if entry[1] < 4.5] == []


def test_it_prints_what_it_says_and_not_its_controls(opened: Callable[..., Tab]) -> None:
    tab = opened("happy")
    tab.page.emulate_media(media="print")
    assert tab.page.locator(".graph").is_visible()
    assert tab.page.locator(".gantt").is_visible()
    assert not tab.page.locator(".filters").is_visible()
    assert tab.page.pdf(format="A4").startswith(b"%PDF")

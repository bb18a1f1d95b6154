"""The page in a real Chromium, opened from disk: what a person can do with it, and what it must never do."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evidence import complete_evidence
from patience import HANGS
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright
from report_world import World, ami, finding, package, sample

from golden_ami.models import Evidence, Finding, Reason
from golden_ami.report.model import Report

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium: install it, or name it in CHROMIUM"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET), timeout=HANGS * 1000)
        expect.set_options(timeout=HANGS * 1000)
        yield launched
        launched.close()


class Opened:
    """A page opened from disk, with what it asked for and complained about."""

    def __init__(self, browser: Browser, file: Path, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(HANGS * 1000)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._refuse)
        self.page.goto(file.as_uri())

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def is_quiet(self) -> bool:
        """Whether nothing left the file and nothing went wrong."""
        assert self.complaints == []
        assert len(self.requests) == 1
        assert self.requests[0].startswith("file:")
        return True


def _file(world: World, report: Report, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_bytes(world.rendered(report.run.run_id, "html"))
    return file


@pytest.fixture(scope="module")
def sample_page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("page")
    world, report = sample(folder)
    return _file(world, report, folder), report


@pytest.fixture
def opened(browser: Browser, sample_page: tuple[Path, Report]) -> Iterator[Opened]:
    found = Opened(browser, sample_page[0], viewport={"width": 1280, "height": 900})
    yield found
    assert found.is_quiet()
    found.context.close()


def _shown(first: int, last: int, total: int) -> str:
    return f"{first:,}\N{EN DASH}{last:,} of {total:,}"


def _column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"#{table} tbody tr > :nth-child({number})").all_inner_texts()


def test_the_verdict_is_seen_at_once(opened: Opened, sample_page: tuple[Path, Report]) -> None:
    expect(opened.page.locator("h1")).to_have_text("FAIL 2 of 6 golden AMIs are not fit to use")
    expect(opened.page).to_have_title(re.compile("^FAIL - Golden AMI assessment "))
    for amount in (sample_page[1].totals.new, sample_page[1].totals.fixed, sample_page[1].totals.open):
        expect(opened.page.locator(".changes")).to_contain_text(str(amount))


def test_amis_can_be_filtered_by_text_and_verdict(opened: Opened) -> None:
    page = opened.page
    rows = page.locator("#ami-table tbody tr")
    expect(rows).to_have_count(6)
    page.locator("select[name=verdict]").select_option("NOT_ASSESSED")
    expect(rows).to_have_count(2)
    page.locator("select[name=verdict]").select_option("")
    page.get_by_role("search", name="Filter AMIs").get_by_label("Search").fill("PAYMENTS")
    expect(rows).to_have_count(1)
    expect(page.locator("#ami-pager [role=status]")).to_have_text(_shown(1, 1, 1))
    page.get_by_role("search", name="Filter AMIs").get_by_label("Search").fill("no such")
    expect(rows).to_have_text("Nothing matches.")


def test_findings_can_be_filtered(opened: Opened, sample_page: tuple[Path, Report]) -> None:
    page, totals = opened.page, sample_page[1].totals
    status = page.locator("#finding-pager [role=status]")
    expect(status).to_have_text(_shown(1, 25, totals.findings))
    page.get_by_label("failing", exact=True).check()
    expect(status).to_have_text(_shown(1, totals.failing, totals.failing))
    page.get_by_role("button", name="Clear").click()
    expect(status).to_have_text(_shown(1, 25, totals.findings))
    page.locator("select[name=severity]").select_option("critical")
    expect(status).to_have_text(_shown(1, totals.counts["CRITICAL"], totals.counts["CRITICAL"]))
    page.locator("select[name=severity]").select_option("")
    page.get_by_label("new", exact=True).check()
    expect(status).to_have_text(_shown(1, totals.new, totals.new))
    page.get_by_label("new", exact=True).uncheck()
    page.get_by_label("accepted", exact=True).check()
    expect(status).to_have_text(_shown(1, 1, 1))


def test_columns_sort_and_say_so(opened: Opened) -> None:
    page = opened.page
    head = page.locator("#finding-table thead th", has_text="Score")
    button = head.get_by_role("button")
    button.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    scores = [float(text) for text in _column(page, "finding-table", 4)]
    assert scores == sorted(scores, reverse=True)
    button.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    scores = [float(text) for text in _column(page, "finding-table", 4)]
    assert scores == sorted(scores)
    page.locator("#finding-table thead").get_by_role("button", name="Severity").click()
    expect(head).to_have_attribute("aria-sort", "none")


def test_from_an_ami_down_to_the_remedy_of_a_finding(opened: Opened) -> None:
    page = opened.page
    page.get_by_role("button", name="payments-api-7").click()
    expect(page.get_by_role("button", name="payments-api-7")).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Show its 18 findings").click()
    expect(page.locator("#finding-pager [role=status]")).to_have_text(_shown(1, 18, 18))
    first = page.locator("#finding-table .open").nth(1)  # the one before it has no fix
    first.click()
    detail = page.locator("#finding-table .detail")
    expect(detail).to_contain_text("fails on severity")
    expect(detail).to_contain_text("Remedy")
    expect(detail.get_by_role("link")).to_have_attribute(
        "href", re.compile(r"^https://nvd\.nist\.gov/vuln/detail/CVE-")
    )
    first.click()
    expect(detail).to_have_count(0)


def test_pages_turn(opened: Opened) -> None:
    page = opened.page
    pager = page.locator("#finding-pager")
    expect(pager.get_by_role("button", name="Previous")).to_be_disabled()
    pager.get_by_role("button", name="Next").click()
    expect(pager.get_by_role("status")).to_have_text(_shown(26, 49, 49))
    expect(pager.get_by_role("button", name="Next")).to_be_disabled()
    expect(pager.get_by_role("button", name="Previous")).to_be_focused()


def test_the_keyboard_alone_suffices(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the AMIs")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="bastion-minimal").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="bastion-minimal")).to_have_attribute("aria-expanded", "true")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_every_control_has_a_name_and_every_chart_a_description(opened: Opened) -> None:
    nameless = opened.page.evaluate("""() => [
            ...document.querySelectorAll('input, select, button, svg[role=img], table')]
        .filter(one => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label') || one.caption))
        .map(one => one.outerHTML.slice(0, 80))""")
    assert nameless == []
    ids = opened.page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    levels = opened.page.evaluate("[...document.querySelectorAll('h1, h2')].map(one => one.tagName)")
    assert levels.count("H1") == 1


_CONTRAST = """(selector) => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
    const behind = (one) => { for (; one; one = one.parentElement) {
        const found = rgb(getComputedStyle(one).backgroundColor);
        if (found.length === 3 || found[3] > 0) return found; }
        return [255, 255, 255]; };
    return Math.min(...[...document.querySelectorAll(selector)].map(one => {
        const pair = [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => b - a);
        return (pair[0] + .05) / (pair[1] + .05); }));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_light_and_dark_wide_and_narrow(
    browser: Browser, sample_page: tuple[Path, Report], scheme: str, width: int
) -> None:
    found = Opened(browser, sample_page[0], viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("body", ".quiet", ".verdict", ".hot", ".chip", "a", ".status", ".tiles li", ".severity", ".unit"):
        assert found.page.evaluate(_CONTRAST, selector) >= 4.5, selector  # WCAG 2.1, 1.4.3
    assert found.page.evaluate(
        "(one => one.scrollWidth <= one.clientWidth)(document.querySelector('.usage').parentElement)"
    )
    background = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == (scheme == "dark")
    assert found.is_quiet()
    found.context.close()


def test_what_the_run_used_stands_beside_the_estimate(opened: Opened) -> None:
    table = opened.page.get_by_role("region", name="What the run used")
    used = table.get_by_role("row").all_inner_texts()
    assert used[1].split("\t") == ["State transitions", "36 to 266", "28", "$0.0007"]
    assert used[6].split("\t")[1:] == ["192 to 9,552", "2,737", "$0.0050"]
    expect(opened.page.locator(".prices")).to_contain_text("us-east-1, undated: https://aws.amazon.com/")
    expect(opened.page.get_by_text("Total: $")).to_be_visible()


def test_it_prints(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    expect(opened.page.locator("#ami-filters")).to_be_hidden()
    expect(opened.page.locator("#ami-table")).to_be_visible()
    expect(opened.page.locator(".usage")).to_be_visible()
    assert opened.page.pdf().startswith(b"%PDF")


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<!--<script>",
    '"><svg onload=alert(4)>',
    "' onmouseover='alert(5)",
    "{{7*7}}{% raw %}",
    "__proto__",
    "constructor",
    "\u2028alert(6)\u2029",
    "@@data@@",
]


def test_hostile_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    world = World(tmp_path)
    found = [
        finding(
            text,
            package(text, text, text, path=text),
            title=text,
            description=text,
            remedy=text,
            urls=["javascript:alert(7)"],
            severity="CRITICAL",
        )
        for text in HOSTILE
    ]
    everywhere = " ".join(HOSTILE)
    tags = {text: text for text in HOSTILE} | {"Owner": everywhere}
    reason = Reason(code="X", message=everywhere, remedy=everywhere)
    images = [
        (ami("ami-0a", name=everywhere, tags=tags, notes=HOSTILE), found),
        (ami("ami-0b", lineage="b", name=everywhere, tags=tags, reason=reason), None),
    ]
    report = world.run("run-1", "2026-04-02T03:00:00Z", images)
    opened = Opened(browser, _file(world, report, tmp_path))
    page = opened.page
    for button in page.locator(".open").all():
        button.click()
        button.hover()
    titles = page.locator("#finding-table .detail strong").all_text_contents()
    assert sorted(titles) == sorted(HOSTILE)
    assert page.locator("main script, main img, main iframe, main svg[onload]").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert opened.is_quiet()
    opened.context.close()


def test_evidence_is_seen_at_a_glance_and_told_when_opened(browser: Browser, tmp_path: Path) -> None:
    world = World(tmp_path)
    gap = Evidence(kind="languagePackages", status="PARTIAL", detail="NO_INVENTORY", code="C", remedy="Wait longer")
    evidence = [*(one for one in complete_evidence() if one.kind != gap.kind), gap]
    image = ami("ami-1", evidence=evidence)
    found = [finding("CVE-1", severity="LOW", suppressed=True)]
    opened = Opened(browser, _file(world, world.run("run-1", "2026-04-02T03:00:00Z", [(image, found)]), tmp_path))
    page = opened.page
    expect(page.locator("#ami-table .seen.partial")).to_have_text(
        "\N{CIRCLE WITH LEFT HALF BLACK}\xa0languages partial, "
    )
    expect(page.locator("#ami-table .seen")).to_have_count(5)
    page.locator("#ami-table .open").click()
    drawer = page.locator("#ami-table .detail")
    expect(drawer).to_contain_text("languagePackages: partial, NO_INVENTORY. Wait longer")
    expect(drawer).to_contain_text("Suppressed in Inspector")
    cells = page.locator("#ami-table tbody tr").first.locator("td").all_inner_texts()
    assert cells[0] == "NOT ASSESSED"
    assert cells[6] == "1"  # low; the others are not known to be none
    assert all("unknown" in cell for cell in cells[1:5])
    page.locator("input[name=suppressed]").check()
    expect(page.locator("#finding-table .chip", has_text="suppressed")).to_have_count(1)
    assert opened.is_quiet()
    opened.context.close()


def test_twenty_thousand_findings_are_quick(browser: Browser, tmp_path: Path) -> None:
    world = World(tmp_path)

    def many(number: int) -> Iterator[Finding]:
        return (
            finding(
                f"CVE-2026-{at % 4000 + 1000}", package(f"package-{at}"), description="A flaw. " * 40, epss=at / 2000
            )
            for at in range(number * 10, number * 10 + 2000)
        )

    images = [(ami(f"ami-{number}", lineage=f"{number}"), many(number)) for number in range(10)]
    report = world.run("run-1", "2026-04-02T03:00:00Z", images)
    started = time.monotonic()
    opened = Opened(browser, _file(world, report, tmp_path))
    page = opened.page
    status = page.locator("#finding-pager [role=status]")
    expect(status).to_have_text(_shown(1, 25, 20_000))
    page.locator("#finding-table thead").get_by_role("button", name="EPSS").click()
    page.get_by_role("search", name="Filter findings").get_by_label("Search").fill("package-1999")
    expect(status).not_to_have_text(re.compile("of 20,000"))
    assert page.locator("#finding-table tbody tr").count() <= 25
    script = page.evaluate("""() => { const from = performance.now();
        document.querySelector('#finding-table thead button').click(); return performance.now() - from; }""")
    assert script < 20_000  # milliseconds, on a busy machine; tens on a quiet one
    assert time.monotonic() - started < HANGS
    assert opened.is_quiet()
    opened.context.close()

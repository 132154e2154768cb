"""The page of coverage in a real browser: gaps are seen, understood and repaired by a click.

The tests share one service and one job with gaps, and run in their order. Those that do not need
Airflow's own page around it open it alone: loading the other takes seconds of processor time.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.alerts.findings import Finding, Kind, Missing
from include.alerts.overview import GOOD_ROUND
from include.alerts.records import Alert, Changes
from include.alerts.store import FILE, Store
from include.coverage_page.app import PREFIX
from include.registry import load_registry
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from tests.integration.browsing import (
    PHONE,
    alone,
    chromium,
    coverage,
    log_in,
    shown,
    tab,
    violations,
)
from tests.integration.installation import VIEWER, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Frame

    from include.alerts.records import State
    from include.registry import Job
    from tests.integration.installation import Service

SHANGHAI = ZoneInfo("Asia/Shanghai")
JOB = "page_trial"
NAME = "页面试验"
# As a gateway might answer: somebody else's words, which must stay words.
HOSTILE = '<img src=x onerror="top.hacked=1"><script>top.hacked=1</script> 503'
ENTRY = """
tasks:
  - {{id: {job}, name: {name}, cron: "0 0 * * *", script: trial.py, platform: erp,
     start: {start}, recover: 0d, dated: true}}
"""
CONTRACT = """
  - {{id: trial_day, name: 试验齐备, jobs: [{job}], deadline: "00:01"}}
"""
SHOPS = 3
# The head's row of periods begins with the first, counted from 0; a row's children with its name,
# counted from 1.
BEHIND_THE_NAME = 2


def day(ago: int) -> str:
    """Return the period of so many days ago."""
    return str(datetime.now(SHANGHAI).date() - timedelta(days=ago))


@pytest.fixture(scope="module")
def trial(quiet: Service) -> Iterator[Job]:
    """Add a job that was expected for three days and never ran; one shop of one day failed.

    A contract needs it.
    """
    (quiet.root / "include/scripts/trial.py").write_text("print('nothing to it')\n")
    file = quiet.root / "config/tasks/trial.yaml"
    file.write_text(ENTRY.format(job=JOB, name=NAME, start=day(3)), "utf-8")
    contracts = quiet.root / "config/contracts.yaml"
    delivered = contracts.read_text("utf-8")
    contracts.write_text(delivered + CONTRACT.format(job=JOB), "utf-8")
    job = load_registry(quiet.root).jobs[JOB]
    unit = Unit(JOB, "erp-1", job.schedule.parse_key(day(2)))
    ledger = Ledger(connect(f"sqlite:///{quiet.layout.warehouse}"), "manual__2025-10-02")
    ledger.expect([unit])
    ledger.begin([unit])
    ledger.fail(unit, 75, HOSTILE)
    until(lambda: JOB in quiet.api.dags())
    yield job
    file.unlink()
    contracts.write_text(delivered, "utf-8")


@pytest.fixture
def alert(quiet: Service, trial: Job) -> str:
    """Write down, as the watchdog does, that a day of the job is late; return the alert's label."""
    now = datetime.now(timezone.utc)
    since = now - timedelta(hours=2)
    shops = [Missing(f"erp-{n}", f"店铺{n}", HOSTILE) for n in (1, 2)]
    late = Finding(Kind.LATE, JOB, day(1), trial.name, "erp", (), since, since, tuple(shops))

    def work(state: State) -> Changes:
        known = [one for one in state.alerts if one.finding.identity == late.identity]
        number = known[0].number if known else state.next_alert
        return Changes((Alert(number, late, since, opened=since),))

    store = Store(quiet.var / FILE)
    (made,) = store.update(work, now, timedelta(minutes=10)).alerts
    store.note(GOOD_ROUND, now)
    store.close()
    return made.label


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for all tests."""
    with chromium() as browser:
        yield browser


def cell(frame: Frame, key: str, shop: str | None = None) -> Any:
    """Find the cell of a period, of the job or of one of its shops."""
    row = f"job:{JOB}" if shop is None else f"shop:{JOB}:{shop}"
    place = frame.locator(f'section[data-key="day"] th[title="{key}"]').evaluate(
        "head => head.cellIndex"
    )
    return frame.locator(f'tr[data-key="{row}"] > :nth-child({place + BEHIND_THE_NAME})')


def state(frame: Frame, key: str, wanted: str) -> None:
    """Wait until a cell has a state."""
    cell(frame, key).and_(frame.locator(f'[data-state="{wanted}"]')).wait_for()


def stand(frame: Frame, key: str) -> Any:
    """Find the cell of a period of the contract."""
    place = frame.locator(f'#contracts th[title="{key}"]').first.evaluate("head => head.cellIndex")
    row = frame.locator('#contracts tr[data-key="trial_day"]')
    return row.locator(f"> :nth-child({place + BEHIND_THE_NAME})")


@pytest.mark.usefixtures("trial")
def test_a_gap_is_seen_and_repaired_by_a_click(quiet: Service, browser: Browser) -> None:
    """Log in, open the page from the menu, look at a gap, run it, and watch it turn green."""
    with tab(browser, quiet) as page:
        page.context.clear_cookies()
        log_in(page, quiet, "admin")
        frame = coverage(page)
        frame.fill("#filter-job", NAME)
        assert frame.locator("tr.job-row").count() == 1
        state(frame, day(3), "m")
        assert cell(frame, day(3)).inner_text() == f"!{SHOPS}"
        cell(frame, day(3)).click()
        frame.get_by_role("button", name=f"Repair {SHOPS} gaps").last.click()
        frame.locator(".plan strong", has_text=NAME).wait_for()
        frame.get_by_role("button", name="Start").click()
        frame.locator("#notice", has_text="1 runs started").wait_for()
        state(frame, day(3), "o")
        # Nothing else was run, and who looks again is told the same.
        state(frame, day(1), "m")
        page.reload()
        frame = shown(page)
        assert frame.input_value("#filter-job") == NAME
        state(frame, day(3), "o")


@pytest.mark.usefixtures("trial")
def test_a_row_opens_to_its_shops(quiet: Service, browser: Browser) -> None:
    """What failed is told with its error, whose words stay words, and one shop is run alone."""
    with tab(browser, quiet) as page:
        page.goto(f"{quiet.ports.url}/plugin/coverage{PREFIX}/?job={JOB}&open={JOB}")
        frame = shown(page)
        failed = cell(frame, day(2), "erp-1")
        failed.hover()
        frame.locator("#tip", has_text=HOSTILE).wait_for()
        failed.click()
        article = frame.locator("dialog article")
        assert article.locator("pre").inner_text() == HOSTILE
        assert "run by hand" in article.inner_text()
        article.get_by_role("button", name="Run again").click()
        article.get_by_role("button", name="Yes").click()
        cell(frame, day(2), "erp-1").and_(frame.locator('[data-state="o"]')).wait_for()
        assert cell(frame, day(2), "erp-2").get_attribute("data-state") == "m"
        assert page.evaluate("window.hacked") is None
        # The links lead out of the frame, to the run in Airflow's own UI.
        cell(frame, day(2), "erp-1").click()
        frame.get_by_role("link", name="Log").click()
        page.wait_for_url(f"**/dags/{JOB}/runs/**/tasks/run**")


@pytest.mark.usefixtures("trial")
def test_a_contract_says_what_is_missing(quiet: Service, browser: Browser) -> None:
    """Complete since when, or which shops it lacks; from there to the cell that is repaired."""
    with tab(browser, quiet, viewport=PHONE) as page:
        frame = alone(page, quiet, "?job=nothing")
        complete = stand(frame, day(3)).and_(frame.locator('[data-how="complete"]'))
        assert "complete at" in str(complete.get_attribute("aria-label"))
        assert stand(frame, day(2)).inner_text() == f"!{SHOPS - 1}"
        frame.locator(f'#contracts .stands:has-text("试验齐备 {day(1)}: ")').wait_for()
        stand(frame, day(3)).click()
        frame.locator("dialog dl", has_text="Complete since").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        article = frame.locator("dialog article", has_text=f"{NAME} ({SHOPS - 1})")
        assert "erp-1" not in article.inner_text()
        assert violations(frame) == []
        assert frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        article.get_by_role("button", name="To its cell").first.click()
        frame.locator("dialog").get_by_role("button", name="Run", exact=True).wait_for()
        page.keyboard.press("Escape")
        assert day(2) in str(frame.locator(":focus").get_attribute("aria-label"))


@pytest.mark.usefixtures("trial")
def test_a_gap_is_waived_and_taken_back(quiet: Service, browser: Browser) -> None:
    """With a reason, and in the name of who is logged in; it is shown, and is no gap any more."""
    with tab(browser, quiet) as page:
        frame = alone(page, quiet, f"?job={JOB}&open={JOB}")
        cell(frame, day(1), "erp-1").click()
        frame.get_by_role("button", name="Waive").click()
        frame.get_by_label("Why it can never be pulled").fill("the shop was closed")
        frame.get_by_role("button", name="Waive it").click()
        waived = cell(frame, day(1), "erp-1").and_(frame.locator('[data-state="x"]'))
        waived.wait_for()
        waived.click()
        told = frame.locator("dialog article", has_text="the shop was closed (admin, ")
        told.wait_for()
        frame.get_by_role("button", name="Count it as a gap again").click()
        cell(frame, day(1), "erp-1").and_(frame.locator('[data-state="m"]')).wait_for()


@pytest.mark.usefixtures("trial")
def test_a_row_of_gaps_is_repaired_at_once(quiet: Service, browser: Browser) -> None:
    """The plan says what will run, and what has landed is not run again."""
    with tab(browser, quiet) as page:
        frame = alone(page, quiet, f"?job={JOB}")
        frame.locator("button.repair").click()
        plan = frame.locator(".plan")
        plan.get_by_text("5 units in 2 runs").wait_for()
        assert day(1) in plan.inner_text()
        assert day(3) not in plan.inner_text()
        frame.get_by_role("button", name="Start").click()
        state(frame, day(2), "o")
        state(frame, day(1), "o")
        frame.locator("button.repair").wait_for(state="detached")
        for ago in (2, 1):
            stand(frame, day(ago)).and_(frame.locator('[data-how="complete"]')).wait_for()


@pytest.mark.usefixtures("trial")
def test_the_page_is_used_by_keyboard(quiet: Service, browser: Browser) -> None:
    """Arrows lead through the cells, each says what it is, Enter opens and Escape closes."""
    with tab(browser, quiet) as page:
        frame = alone(page, quiet, f"?job={JOB}")
        frame.focus("#filter-span")
        page.keyboard.press("Tab")
        focused = frame.locator(":focus")
        assert focused.get_attribute("class") == "toggle"
        page.keyboard.press("Enter")
        frame.locator("tr.shop-row").first.wait_for()
        page.keyboard.press("End")
        label = f"{NAME} {day(1)}: {SHOPS} landed"
        assert focused.get_attribute("aria-label") == label
        frame.locator("#tip", has_text=label).wait_for()
        page.keyboard.press("ArrowDown")
        assert "示例" in str(focused.get_attribute("aria-label"))
        page.keyboard.press("ArrowLeft")
        assert day(2) in str(focused.get_attribute("aria-label"))
        page.keyboard.press("Enter")
        frame.locator("dialog[open] article").wait_for()
        page.keyboard.press("Escape")
        assert day(2) in str(focused.get_attribute("aria-label"))
        page.wait_for_timeout(100)
        assert frame.locator('#groups table [tabindex="0"]').count() == 1


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(quiet: Service, browser: Browser, scheme: Any) -> None:
    """axe-core finds nothing: not on the page, and not in its dialogs."""
    with tab(browser, quiet, color_scheme=scheme, locale="zh-CN") as page:
        frame = alone(page, quiet, "?open=erp_store")
        assert frame.locator("h1").inner_text() == "数据覆盖"
        assert frame.evaluate("document.documentElement.dataset.theme") == scheme
        assert violations(frame) == []
        frame.locator('td[data-state="o"]').first.click()
        frame.locator("dialog article").first.wait_for()
        assert violations(frame) == []


@pytest.mark.usefixtures("trial")
def test_it_follows_airflows_own_theme(quiet: Service, browser: Browser) -> None:
    """What the user has chosen there counts, not what the system says."""
    with tab(browser, quiet, color_scheme="light") as page:
        page.goto(f"{quiet.ports.url}/plugin/coverage")
        frame = shown(page)
        page.evaluate("localStorage.setItem('theme', 'dark')")
        frame.locator("html[data-theme=dark]").wait_for(state="attached")


def test_an_alert_is_seen_taken_on_and_muted(quiet: Service, browser: Browser, alert: str) -> None:
    """The bell lists it; it is taken on, and a shop of it muted, by keyboard, and heard again."""
    last = str(datetime.now(SHANGHAI).date() + timedelta(days=3))
    with tab(browser, quiet, viewport=PHONE) as page:
        frame = alone(page, quiet, f"?job={JOB}")
        bell = frame.locator("#bell[data-how=open]")
        assert "Alerts open: " in str(bell.get_attribute("aria-label"))
        bell.focus()
        page.keyboard.press("Enter")
        article = frame.locator(f'article[data-key="{alert}"]')
        assert HOSTILE in article.inner_text()
        article.get_by_role("button", name="Take it on").click()
        article.get_by_text("admin").wait_for()
        article.get_by_role("button", name="Mute alerts").click()
        article.get_by_label("Of").select_option("店铺2")
        article.get_by_label("Why").fill("closed")
        article.get_by_role("button", name="Mute them").click()  # without a day it is not sent
        assert violations(frame) == []
        article.get_by_label("Last day").fill(last)
        page.keyboard.press("Enter")
        frame.locator("dialog li", has_text=f"until {last} (4 more days)").wait_for()
        assert "店铺2" not in article.inner_text()
        assert frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.keyboard.press("Escape")
        assert frame.evaluate("document.activeElement.id") == "bell"
        cell(frame, day(1)).click()
        frame.locator("dialog li", has_text="closed (admin)").wait_for()
        frame.get_by_role("button", name="End it").click()
        frame.locator("dialog li", has_text="closed (admin)").wait_for(state="detached")
        assert violations(frame) == []
    with tab(browser, quiet, VIEWER, locale="zh-CN") as page:
        page.goto(f"{quiet.ports.url}{PREFIX}/")
        page.locator("#bell[data-how=open]").click()
        assert "认领\nadmin " in page.locator(f'article[data-key="{alert}"] dl').inner_text()
        assert page.locator("dialog button:not(.close)").count() == 0


@pytest.mark.usefixtures("trial")
def test_it_fits_a_phone(quiet: Service, browser: Browser) -> None:
    """Only the tables are wider than the screen, and they show the latest first."""
    with tab(browser, quiet, viewport=PHONE, has_touch=True) as page:
        alone(page, quiet, f"?job={JOB}")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
        heads = page.locator("th.span").filter(has_text=f"{datetime.fromisoformat(day(1)):%b}")
        month = heads.first.locator("span").bounding_box()
        assert month is not None
        assert PHONE["width"] / 4 < month["x"] < PHONE["width"]
        assert heads.count() == heads.locator("xpath=ancestor::table").count(), "once in a table"
        latest = cell(page.main_frame, day(1))
        box = latest.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"]
        latest.tap()
        page.locator("dialog[open] article").first.wait_for()
        assert page.evaluate(wide) == 0


@pytest.mark.usefixtures("trial")
def test_a_viewer_looks_and_touches_nothing(quiet: Service, browser: Browser) -> None:
    """There is no button that repairs, and the routes refuse."""
    with tab(browser, quiet, VIEWER) as page:
        frame = alone(page, quiet)
        assert frame.locator("tr.job-row").count() > 1
        assert frame.locator("button.repair, #repair-all").count() == 0
        frame.locator("td[data-state]").first.click()
        frame.locator("dialog article").first.wait_for()
        assert frame.locator("dialog button:not(.close)").count() == 0
    with quiet.client(VIEWER) as viewer:
        wish = {"jobs": [JOB]}
        for step in ("plan", "start"):
            assert viewer.post(f"{PREFIX}/repair/{step}", json=wish).status_code == 403
        again = {"job": JOB, "key": day(1)}
        assert viewer.post(f"{PREFIX}/again", json=again).status_code == 403
        for path, more in (("waive", {"reason": "closed"}), ("unwaive", {})):
            assert viewer.post(f"{PREFIX}/{path}", json={**again, **more}).status_code == 403
        for path in ("ack", "mute", "unmute"):
            assert viewer.post(f"{PREFIX}/alerts/{path}", json={}).status_code == 403


@pytest.mark.usefixtures("trial")
def test_another_page_repairs_nothing(quiet: Service) -> None:
    """With the browser's session alone, what another page makes it send is refused."""
    session = quiet.client("admin").headers["Authorization"].removeprefix("Bearer ")
    path, wish = f"{PREFIX}/repair/start", b'{"jobs": ["page_trial"]}'
    refused = {
        415: [{"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data"}, {}],
        403: [
            {"Content-Type": "application/json", "Origin": "https://page.example"},
            {"Content-Type": "application/json", "Sec-Fetch-Site": "same-site"},
            {"Content-Type": "application/json", "Origin": "null"},
        ],
    }
    with quiet.client() as browser:
        for code, senders in refused.items():
            for headers in senders:
                said = {**headers, "Cookie": f"_token={session}"}
                assert browser.post(path, content=wish, headers=said).status_code == code
        answer = browser.get(f"{PREFIX}/", headers={"Cookie": f"_token={session}"})
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


def test_what_does_not_exist_is_told(quiet: Service) -> None:
    """An unknown job, period or word is named, and nothing is run."""
    with quiet.client("admin") as admin:
        told = {
            path: admin.get(f"{PREFIX}{path}").status_code
            for path in (
                "/data/jobs/nothing/shops",
                "/data/jobs/erp_store/columns/2025-13-01",
                "/files/..%2fapp.py",
                "/data/jobs?span=9",
            )
        }
        assert list(told.values()) == [404, 404, 404, 422]
        wish = {"jobs": ["nothing"]}
        assert admin.post(f"{PREFIX}/repair/plan", json=wish).status_code == 404
        assert admin.post(f"{PREFIX}/repair/plan", json={"job": JOB}).status_code == 422
        again = {"job": "erp_store", "key": "2025-10-02"}
        assert admin.post(f"{PREFIX}/again", json=again).status_code == 409

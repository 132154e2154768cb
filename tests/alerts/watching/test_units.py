"""What is late, rejected, wrongly configured, paused, or never to be healed."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.alerts.findings import Identity, Kind
from include.units.ledger import Ledger
from include.warehouse import connect
from tests.alerts.watched import ADDRESS, LAST, SHOPS, TASKS, at

if TYPE_CHECKING:
    from include.alerts.findings import Finding
    from tests.alerts.watched import Watched

MORNING = at("07:31").astimezone(timezone.utc)
REFUSED = {"state": "failed", "exit_code": 77, "error": "the access token has expired"}
BUSY = {
    "state": "failed",
    "exit_code": 75,
    "attempts": 3,
    "error": "shop 20002, jingdong.pop.order.search: code 70031 '调用过于频繁': run it again later",
    "finished_at": at("09:57").astimezone(timezone.utc),
}


def _late(watched: Watched, now: str = "12:00") -> dict[str, Finding]:
    return {one.subject: one for one in watched.found(now, Kind.LATE)}


def test_nothing_is_found_where_nothing_is_wrong(watched: Watched) -> None:
    """All has landed, all give signs of life."""
    watched.land()
    assert watched.found() == []
    assert watched.look().failed == ()


def test_a_period_is_late_from_its_deadline_on_with_every_unit_and_why(watched: Watched) -> None:
    """Not a minute before; a shop that has landed is not among them."""
    missing = {f"jd_store jd-1 {LAST}": REFUSED, f"jd_store jd-2 {LAST}": BUSY}
    watched.land(but=missing)
    watched.airflow.run("jd_store", LAST, "running", at("07:30"))
    watched.airflow.task("jd_store", LAST, "running", "up_for_retry")
    assert _late(watched, "09:59") == {}
    late = _late(watched, "10:00")["jd_store"]
    assert (late.identity, late.name) == ((Kind.LATE, "jd_store", LAST), "京东门店数据")
    assert late.due == at("10:00")
    assert late.facts["expected"] == "3"
    told = {unit.shop_name: (unit.reason, unit.remedy, unit.cause) for unit in late.units}
    assert told == {
        "示例京东旗舰店": ("授权失效或被拒绝（连接 jd_1）", "请店铺重新授权", "credentials:jd_1"),
        "示例京东专营店": ("平台繁忙（70031 调用过于频繁），已试 3 次，10:07 再试", "", "70031"),
    }
    assert late.facts["link"] == f"{ADDRESS}/plugin/coverage?job=jd_store"
    assert "remedy" not in late.facts  # a run is about to


def test_without_a_deadline_it_is_two_hours_after_the_cron(watched: Watched) -> None:
    """In the job's zone."""
    watched.land(but={f"erp_store erp-1 {LAST}": BUSY})
    assert "erp_store" not in _late(watched, "08:59")
    late = _late(watched, "09:00")["erp_store"]
    assert late.due == at("09:00")
    assert late.facts["remedy"] == "python3 scheduler_manager.py repair --job erp_store --yes"


@pytest.mark.parametrize(
    ("values", "reason", "cause"),
    [
        ({"state": "failed", "exit_code": 1, "rows": None, "error": "no such file\nTraceback"},
         "失败：no such file", ""),
        ({"state": "failed", "exit_code": 75, "error": "no answer within 30 s from https://a.b"},
         "暂时失败：no answer within 30 s from https://a.b", "temporary"),
        ({"state": "failed", "exit_code": 75,
          "error": "exit code 75 (a temporary failure)\nbegin\nthe gateway answered 503"},
         "暂时失败：the gateway answered 503", "temporary"),
        ({"state": "failed", "exit_code": 75, "error": "exit code 75 (a temporary failure)"},
         "暂时失败：没有说明原因", "temporary"),
        ({"state": "failed", "exit_code": 78, "error": "feed 'x' is not there"},
         "配置有误：feed 'x' is not there", "configuration:erp_store"),
        ({"state": "failed", "exit_code": 137, "error": None}, "被中断", "interrupted"),
        ({"state": "failed", "exit_code": 1, "rows": 3, "error": "3 rows, at least 5 expected"},
         "没有通过检查：3 rows, at least 5 expected", "rejected"),
        ({"state": "failed", "exit_code": None, "rows": None, "error": "0 rows in t by day"},
         "没有通过检查：0 rows in t by day", "rejected"),
        ({"state": "failed", "exit_code": 1, "rows": 90, "source_rows": 100,
          "error": "90 landed, the source counts 100"},
         "入库 90 行，平台计数 100 行", "miscounted"),
        ({"state": "provisional"}, "只有到期之前拉取的暂定数据", "provisional"),
        ({"state": "pending"}, "没有运行", "never ran"),
        ({"state": "running", "started_at": at("11:30").astimezone(timezone.utc), "attempts": 2,
          "heartbeat_at": at("12:00").astimezone(timezone.utc), "finished_at": None},
         "正在运行，11:30 开始（第 2 次）", "running"),
        ({"state": "running", "heartbeat_at": at("11:40").astimezone(timezone.utc),
          "finished_at": None}, "失联，11:40 起没有心跳", "lost"),
    ],
)  # fmt: skip
def test_each_state_has_its_words(
    watched: Watched, values: dict[str, Any], reason: str, cause: str
) -> None:
    """And a cause by which those of a platform are told together."""
    watched.land(but={f"erp_store erp-1 {LAST}": values})
    (unit,) = _late(watched)["erp_store"].units
    assert (unit.reason, unit.cause) == (reason, cause)


def test_the_words_are_in_the_language_of_the_file(watched: Watched) -> None:
    """As config/alerts.yaml says it."""
    watched.write("config/alerts.yaml", "language: en\nchannels: []\n")
    watched.land(but={f"jd_store jd-1 {LAST}": REFUSED})
    (unit,) = _late(watched)["jd_store"].units
    assert unit.reason == "credentials refused (connection jd_1)"
    assert unit.remedy == "the shop's owner must authorise again"


def test_what_never_ran_is_told_as_such(watched: Watched) -> None:
    """No attempt of any unit, and no run of the period; with the trouble of the service."""
    watched.land("erp_store", "report")
    late = _late(watched)["jd_store"]
    assert late.period_key == LAST
    assert late.facts["started"] == "no"
    assert late.facts["fire"] == at("07:30").isoformat()
    assert "service" not in late.facts
    assert late.facts["remedy"] == "python3 scheduler_manager.py repair --job jd_store --yes"
    watched.airflow.heartbeats(at("12:00"), SchedulerJob=at("06:12"))
    late = _late(watched)["jd_store"]
    assert late.facts["service"] == "调度器 06:12 起没有心跳：任务不会按时运行"
    assert late.facts["remedy"] == "python3 scheduler_manager.py restart"


def test_a_run_without_an_attempt_is_a_run(watched: Watched) -> None:
    """It is not said that nothing ran; nor where that is unknown, without Airflow's database."""
    watched.land("erp_store", "report")
    watched.airflow.run("jd_store", LAST, "failed", at("07:30"))
    late = _late(watched)["jd_store"]
    assert "started" not in late.facts
    assert {unit.reason for unit in late.units} == {"运行过，但脚本没有开始，见任务日志"}
    watched.airflow.path.unlink()
    late = _late(watched)["jd_store"]
    assert "started" not in late.facts
    assert {unit.reason for unit in late.units} == {"没有运行"}


def test_a_run_that_cannot_move_is_told(watched: Watched) -> None:
    """With what holds it up."""
    watched.land("erp_store", "report")
    run = at("07:30")
    watched.airflow.run("jd_store", LAST, "queued", run)
    assert {unit.reason for unit in _late(watched)["jd_store"].units} == {
        "排队，但调度器没有启动它"
    }
    watched.airflow.pause("jd_store")
    late = _late(watched)["jd_store"]
    assert {unit.reason for unit in late.units} == {"任务已暂停"}
    assert late.facts["remedy"] == "python3 scheduler_manager.py resume jd_store"


def test_a_job_that_is_no_dag_is_told(watched: Watched) -> None:
    """A repair would make no run."""
    watched.land("erp_store", "report")
    dags = watched.airflow.table("dag")
    watched.airflow.change(dags.update().where(dags.c.dag_id == "jd_store").values(is_stale=True))
    late = _late(watched)["jd_store"]
    assert late.facts["service"] == "任务还不是 DAG，不会运行"
    assert late.facts["remedy"] == "python3 scheduler_manager.py doctor"
    assert {unit.reason for unit in late.units} == {"任务还不是 DAG，不会运行"}


def test_what_is_accepted_switched_off_or_silent_is_not_late(watched: Watched) -> None:
    """A waiver, `enabled: false` of a shop, `alert: none` of a job."""
    watched.land(but={f"jd_store {shop} {LAST}": BUSY for shop in ("jd-1", "jd-2", "jd-3")})
    watched.waive("jd_store", "jd-1")
    late = _late(watched)["jd_store"]
    assert {unit.shop_id for unit in late.units} == {"jd-2", "jd-3"}
    assert late.facts["expected"] == "2"
    watched.write(
        "config/shops.yaml", SHOPS.replace("connection: jd_2", "connection: jd_2, enabled: false")
    )
    assert {unit.shop_id for unit in _late(watched)["jd_store"].units} == {"jd-3"}
    watched.write("config/tasks/tasks.yaml", TASKS.replace('deadline: "10:00"', "alert: none"))
    assert "jd_store" not in _late(watched)


def test_a_job_without_shops_has_one_unit(watched: Watched) -> None:
    """Which is called like the job."""
    watched.land("erp_store", "jd_store")
    (unit,) = _late(watched)["report"].units
    assert (unit.shop_id, unit.shop_name) == ("-", "日报")


def test_a_week_is_late_after_its_own_run(watched: Watched) -> None:
    """Two hours after it, or at the deadline of that day."""
    watched.land()
    weekly = TASKS.replace(
        'id: report, name: 日报, cron: "0 8 * * *"',
        'id: weekly, name: 周报, period: week, cron: "0 12 * * 6"',
    )
    watched.write("config/tasks/tasks.yaml", weekly)
    late = watched.found("2026-11-28 13:59", Kind.LATE)
    assert not [one for one in late if one.period_key == "2026-11-21"]
    late = watched.found("2026-11-28 14:00", Kind.LATE)
    (week,) = [one for one in late if one.period_key == "2026-11-21"]
    assert week.due == at("2026-11-28 14:00")
    watched.write(
        "config/tasks/tasks.yaml",
        weekly.replace(
            '6", script: generate_tasks.py', '6", deadline: "12:30", script: generate_tasks.py'
        ),
    )
    late = watched.found("2026-11-28 12:30", Kind.LATE)
    assert "2026-11-21" in {one.period_key for one in late}


def test_a_gap_older_than_recover_is_told_once_for_its_job(watched: Watched) -> None:
    """It is late until then."""
    old = "2026-11-20"
    watched.land(but={f"erp_store erp-1 {old}": BUSY})
    before, after = "2026-11-28 06:59", "2026-11-28 07:00"
    assert [one.period_key for one in watched.found(before, Kind.LATE)] == [old]
    assert watched.found(before, Kind.AGING) == []
    watched.forget()
    assert watched.found(after, Kind.LATE) == []
    (aging,) = watched.found(after, Kind.AGING)
    assert aging.identity == Identity(Kind.AGING, "erp_store", "")
    assert aging.facts["what"] == "1 期早于 7 天，不会自动补上，最早 2026-11-20"
    assert aging.facts["remedy"] == "python3 scheduler_manager.py repair --job erp_store --yes"
    watched.set("erp_store", "erp-1", old, state="ok", rows=4)
    assert watched.found("2026-11-28 07:04", Kind.AGING) == [aging]  # looked for again in a minute
    assert watched.found("2026-11-28 07:05", Kind.AGING) == []


def test_what_a_check_rejects_is_told_at_once(watched: Watched) -> None:
    """Before the deadline, too."""
    rejected = {
        "state": "failed",
        "exit_code": 1,
        "rows": 3,
        "error": "3 rows, at least 5 expected",
    }
    watched.land(but={f"erp_store erp-1 {LAST}": rejected | {"finished_at": MORNING}})
    (quality,) = watched.found("07:40", Kind.QUALITY)
    assert quality.identity == (Kind.QUALITY, "erp_store", LAST)
    assert quality.since == at("07:31")
    assert [unit.reason for unit in quality.units] == ["没有通过检查：3 rows, at least 5 expected"]
    assert watched.found("07:40", Kind.LATE) == []


def test_what_a_check_rejects_of_a_script_that_counts_nothing_is_told_as_such(
    watched: Watched,
) -> None:
    """It landed by its script's exit code, and has no rows to know that by."""
    watched.land(but={f"report - {LAST}": {"rows": None, "finished_at": at("08:05")}})
    engine = connect(watched.url)
    ledger = Ledger(engine)
    (row,) = ledger.rows("report", LAST)
    assert ledger.reject(row, "0 rows in shop_day by day")
    engine.dispose()
    (quality,) = watched.found("08:10", Kind.QUALITY)
    assert quality.identity == (Kind.QUALITY, "report", LAST)
    assert [unit.reason for unit in quality.units] == ["没有通过检查：0 rows in shop_day by day"]


def test_what_is_wrongly_configured_is_told_by_job(watched: Watched) -> None:
    """Exit code 78."""
    wrong = {"state": "failed", "exit_code": 78, "error": "feed 'x' is not there"}
    watched.land(but={f"erp_store erp-1 {LAST}": wrong | {"finished_at": MORNING}})
    (found,) = watched.found("07:40", Kind.CONFIGURATION)
    assert found.identity == (Kind.CONFIGURATION, "erp_store", "")
    assert found.facts["what"] == "配置有误：feed 'x' is not there"
    assert found.facts["remedy"] == "python3 scheduler_manager.py check"


def test_a_job_that_is_paused_for_more_than_a_day_is_told(watched: Watched) -> None:
    """Once something that was due a day ago is missing."""
    watched.land(but={f"erp_store erp-1 {LAST}": None})
    watched.airflow.pause("erp_store")
    assert watched.found("2026-11-30 07:00", Kind.PAUSED) == []
    (paused,) = watched.found("2026-11-30 07:01", Kind.PAUSED)
    assert paused.identity == (Kind.PAUSED, "erp_store", "")
    assert paused.facts["what"] == "任务暂停着，已到期 1 期没有入库，最早 2026-11-28"
    assert paused.facts["remedy"] == "python3 scheduler_manager.py resume erp_store"


def test_no_secret_of_a_connection_is_quoted(watched: Watched) -> None:
    """Whatever an error repeats."""
    token = "tok-5f2d9a81c3e7"
    watched.airflow.connect("erp", host="https://a.example", extra={"access_token": token})
    error = {"state": "failed", "exit_code": 1, "rows": None, "error": f"refused {token}"}
    watched.land(but={f"erp_store erp-1 {LAST}": error})
    (unit,) = _late(watched)["erp_store"].units
    assert unit.reason == "失败：refused ***"

"""What a run was asked to cover."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigurationError
from include.periods import Schedule
from include.running.asked import Asked, asked_of
from tests.registry.conftest import ProjectFolder

if TYPE_CHECKING:
    from pathlib import Path

DAILY = Schedule("0 7 * * *", "day")
NOW = datetime(2025, 10, 3, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
SHOPS = ["erp-1", "erp-2"]
DATE = "2025-09-20T00:00:00+08:00"


def _asked(
    conf: dict[str, Any],
    partition_key: str | None = None,
    *,
    logical_date: str | None = None,
    schedule: Schedule = DAILY,
    now: datetime = NOW,
) -> Asked:
    date = datetime.fromisoformat(logical_date) if logical_date else None
    run = SimpleNamespace(partition_key=partition_key, logical_date=date, conf=conf, run_after=now)
    return asked_of(run, "own", schedule, SHOPS)


@pytest.mark.parametrize(
    ("conf", "partition_key", "environment"),
    [
        ({}, None, {"PERIOD_KEY": "2025-10-02"}),
        ({}, "2025-09-01", {"PERIOD_KEY": "2025-09-01"}),
        ({"period": "2025-09-01"}, None, {"PERIOD_KEY": "2025-09-01"}),
        ({"period": "2025-09-01"}, "2025-09-01", {"PERIOD_KEY": "2025-09-01"}),
        (
            {"from": "2025-09-01", "to": "2025-09-03"},
            None,
            {"PERIOD_FROM": "2025-09-01", "PERIOD_TO": "2025-09-03"},
        ),
        ({"from": "2025-09-01", "to": "2025-09-01"}, None, {"PERIOD_KEY": "2025-09-01"}),
        ({"shops": ["erp-2"]}, None, {"PERIOD_KEY": "2025-10-02", "SHOPS": "erp-2"}),
        ({"again": True}, None, {"PERIOD_KEY": "2025-10-02", "AGAIN": "1"}),
        # What the form sends when nobody fills it in.
        (
            {"period": None, "from": "", "to": None, "again": False, "shops": None},
            None,
            {"PERIOD_KEY": "2025-10-02"},
        ),
    ],
)
def test_a_run_covers_what_it_was_asked(
    conf: dict[str, Any], partition_key: str | None, environment: dict[str, str]
) -> None:
    """Key, conf or neither: the runner is told the same way."""
    asked = _asked(conf, partition_key)
    assert asked.to_environment() == environment
    assert Asked.from_environment(environment) == asked


@pytest.mark.parametrize(
    ("conf", "partition_key", "problem"),
    [
        ({"perod": "2025-10-02"}, None, "conf 'perod' is not known: did you mean 'period'?"),
        ({"x": 1}, None, "write one of period, from, to, shops, again"),
        ({"period": "2025-10-03"}, None, "ends 2025-10-04"),
        ({"period": "yesterday"}, None, "write it like 2025-10-02"),
        ({"period": 20251002}, None, "write it like 2025-10-02"),
        (
            {"period": "2025-10-01", "from": "2025-10-01", "to": "2025-10-02"},
            None,
            "leave conf 'period' out, or conf 'from' and conf 'to'",
        ),
        (
            {"from": "2025-10-01"},
            None,
            "conf 'from' '2025-10-01' has no conf 'to': add conf 'to' with the last period",
        ),
        ({"to": "2025-10-01"}, None, "has no conf 'from': add conf 'from', the first period"),
        ({"from": "2025-10-02", "to": "2025-10-01"}, None, "swap the two"),
        ({"period": "2025-10-01"}, "2025-10-02", "the run's own period is '2025-10-02'"),
        ({"from": "2025-10-01", "to": "2025-10-02"}, "2025-10-02", "give one of the two"),
        ({"shops": ["erp-9"]}, None, "conf 'shops': 'erp-9' is no shop of 'own'"),
        ({"shops": "erp-1"}, None, "not a list of shop ids"),
        ({"shops": []}, None, "names no shop: name some, or for all leave 'shops' out"),
        ({"shops": [""]}, None, "'' is no shop of 'own'"),
        ({"shops": ["$(id)"]}, None, "'$(id)' is no shop of 'own'"),
        ({"shops": [["erp-1"]]}, None, "not a list of shop ids"),
    ],
)
def test_a_wrong_wish_is_refused_with_a_right_one(
    conf: dict[str, Any], partition_key: str | None, problem: str
) -> None:
    """The message says what is wrong and what can be asked for."""
    with pytest.raises(ConfigurationError) as refusal:
        _asked(conf, partition_key)
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("logical_date", "schedule", "key"),
    [
        # `--logical-date 2025-09-20` and its like, on the clock of `default_timezone`.
        ("2025-09-20T00:00:00+08:00", DAILY, "2025-09-20"),
        ("2025-09-20T00:00:00+00:00", DAILY, "2025-09-20"),
        ("2025-09-20T07:00:00+08:00", DAILY, "2025-09-20"),
        ("2025-09-20T23:59:00+08:00", DAILY, "2025-09-20"),
        (
            "2025-09-20T00:00:00+08:00",
            Schedule("0 7 * * *", "day", "America/New_York"),
            "2025-09-20",
        ),
        (
            "2025-09-20T00:00:00+00:00",
            Schedule("0 7 * * *", "day", "America/New_York"),
            "2025-09-20",
        ),
        ("2025-09-24T00:00:00+08:00", Schedule("0 12 * * 6", "week"), "2025-09-20"),
        ("2025-08-24T00:00:00+08:00", Schedule("30 12 3 * *", "month"), "2025-08"),
        ("2025-09-24T14:20:00+08:00", Schedule("0 * * * *", "tick"), "2025-09-24T14:00"),
        # The moment at which `airflow dags test JOB` makes its run asks for nothing.
        ("2025-10-03T14:59:48.123456+08:00", DAILY, "2025-10-02"),
    ],
)
def test_a_logical_date_is_the_day_that_is_covered(
    logical_date: str, schedule: Schedule, key: str
) -> None:
    """The period in which the date lies, as a person reads it; no date is the last that ended."""
    assert _asked({}, logical_date=logical_date, schedule=schedule) == Asked(key, key)


def test_the_run_of_a_task_test_covers_its_date() -> None:
    """Airflow has it start at the end of its day, also where that is midnight."""
    end = datetime(2025, 9, 21, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert _asked({}, logical_date=DATE, now=end) == Asked("2025-09-20", "2025-09-20")


def test_a_date_that_is_not_over_is_refused() -> None:
    """Also where Airflow has the run start when that day is over, which is in the future."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=0, minute=0, second=0)
    midnight = today.replace(microsecond=0)
    with pytest.raises(ConfigurationError, match="the last one that can run is"):
        _asked({}, logical_date=midnight.isoformat(), now=midnight + timedelta(days=1))


@pytest.mark.parametrize(
    ("conf", "key"),
    [
        ({"period": "2025-09-19"}, None),
        ({"from": "2025-09-20", "to": "2025-09-21"}, None),
        ({}, "2025-09-19"),
    ],
)
def test_a_date_beside_another_period_is_refused(conf: dict[str, Any], key: str | None) -> None:
    """It is unknown which of the two was meant; one that says the same is taken."""
    with pytest.raises(ConfigurationError, match=r"means 2025-09-20.*leave the date out"):
        _asked(conf, key, logical_date=DATE)
    same = _asked({"period": "2025-09-20"}, "2025-09-20", logical_date=DATE)
    assert same == Asked("2025-09-20", "2025-09-20")


DEEP: Any = "x"
for _ in range(5000):
    DEEP = [DEEP]
LONGEST_MESSAGE = 200  # in the log of a task and in the journal

OTHER_WORDS = (
    *("PATH", "LD_PRELOAD", "BASH_ENV", "__class__", "RUN_ID", "PERIOD_KEY", "WAREHOUSE_URL"),
    *("bash_command", "env", "cwd", "period\n", "again ", "../period", "$(id)", "周期", "x" * 9999),
)
OTHER_VALUES: tuple[Any, ...] = (
    *("$(touch x)", "../../etc", "2025-09-01; id", "2025-09-01\n", " 2025-09-01", "２０２５-09-01"),
    *(0, -1, 1e300, [], [None], [DEEP], {"period": "2025-09-01"}, DEEP, "x" * 100_000),
)


@pytest.mark.parametrize("word", OTHER_WORDS, ids=lambda word: repr(word)[:20])
def test_no_other_word_reaches_a_run(word: str) -> None:
    """Whatever else is in the conf that somebody sends, the run is refused."""
    for value in ("/etc/passwd", 1, True, ["x"], {"a": "b"}, DEEP, None, "", False):
        with pytest.raises(ConfigurationError, match="is not known") as refusal:
            _asked({"period": "2025-09-01", word: value})
        assert len(str(refusal.value)) < LONGEST_MESSAGE


@pytest.mark.parametrize("word", ["period", "from", "to", "shops", "again"])
@pytest.mark.parametrize("value", OTHER_VALUES, ids=range(len(OTHER_VALUES)))
def test_no_other_value_reaches_a_run(word: str, value: Any) -> None:
    """A period is one of the calendar, a shop one of the job's, `again` is true or false."""
    conf: dict[str, Any] = {"from": "2025-09-01", "to": "2025-09-02"}
    if word not in conf:
        conf = {}
    with pytest.raises(ConfigurationError) as refusal:
        _asked(conf | {word: value})
    assert len(str(refusal.value)) < LONGEST_MESSAGE


@pytest.mark.parametrize("key", ["../x", "$(id)", "2025-09-01\n", "\x00", "x" * 250])
@pytest.mark.parametrize("conf", [{}, {"period": "2025-09-01"}])
def test_no_other_partition_key_reaches_a_run(key: str, conf: dict[str, Any]) -> None:
    """Airflow takes any text up to 250 characters for one; alone or beside a period."""
    with pytest.raises(ConfigurationError) as refusal:
        _asked(conf, key)
    assert len(str(refusal.value)) < LONGEST_MESSAGE
    assert str(refusal.value).isprintable()


def test_a_wide_window_is_understood_at_once() -> None:
    """Of the half million periods in it, the two that are named are enough."""
    ticks = Schedule("*/5 * * * *", "tick")
    conf = {"from": "2020-01-01T00:00", "to": "2025-10-01T00:00"}
    asked = _asked(conf, schedule=ticks)
    assert (asked.first, asked.last) == ("2020-01-01T00:00", "2025-10-01T00:00")


@pytest.mark.parametrize(
    ("shop", "told"),
    [
        ("erp-2", "shop 'erp-2' is disabled: set 'enabled: true' for it in config/shops.yaml"),
        ("jd-1", "shop 'jd-1' is on jd, and job 'own' is for erp: name a job for jd, or one of "),
        ("erp-9", "there is no shop 'erp-9' on erp: did you mean 'erp-1'?"),
    ],
)
def test_a_shop_that_is_not_the_jobs_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: str, told: str
) -> None:
    """A DAG run says the same as the command line."""
    monkeypatch.setenv("SCHEDULER_ROOT", str(tmp_path))
    project = ProjectFolder(tmp_path)
    project.write_entry(
        "id: own", "name: x", 'cron: "0 7 * * *"', "script: good.py", "platform: erp"
    )
    project.write_shops(
        "{id: erp-1, platform: erp, name: x, connection: e, platform_id: 1}",
        "{id: erp-2, platform: erp, name: x, connection: e, platform_id: 2, enabled: false}",
        "{id: jd-1, platform: jd, name: x, connection: j, platform_id: 1}",
    )
    run = SimpleNamespace(
        partition_key="2025-10-02", logical_date=None, conf={"shops": [shop]}, run_after=NOW
    )
    with pytest.raises(ConfigurationError) as refusal:
        asked_of(run, "own", DAILY, ["erp-1"])
    assert f"conf 'shops': {told}" in str(refusal.value)

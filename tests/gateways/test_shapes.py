"""What is new in answers is said exactly once, and what goes missing before it becomes an error."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.gateways.shape_store import Change, Drifted, ShapeStore, changes_within
from include.gateways.shapes import Shape, Shapes
from include.warehouse import connect
from include.warehouse.tables import shapes as table
from tests.pull_jobs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SOURCE = "feed pdd_review"
ROW: dict[str, Any] = {
    "id": "r",
    "order": {"sn": "s", "status": "paid"},
    "stars": 1,
    "status": 3,
    "items": [{"n": 1}],
}
MUTATIONS = 200
SEED = 20251002


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with rows."""
    return {"code": 0, "data": {"list": list(rows), "total": len(rows)}}


def mutated(number: int) -> tuple[dict[str, Any], set[Shape]]:
    """Return an answer with one thing that is new, and what that is.

    A key or a value of a row is in one row of thirty; a key inside of another one in all.
    """
    rows = [copy.deepcopy(ROW) for _ in range(30)]
    one = rows[random.Random(f"{SEED} {number}").randrange(30)]
    kind = number % 6
    if kind == 0:
        one[f"field{number}"] = None
        return page(*rows), {Shape(SOURCE, f"data.list[].field{number}")}
    if kind == 1:
        one["status"] = 1000 + number
        return page(*rows), {Shape(SOURCE, "data.list[].status", f"{1000 + number}")}
    answer = page(*rows)
    if kind == 2:
        for row in rows:
            row["order"][f"field{number}"] = "x"
        return answer, {Shape(SOURCE, f"data.list[].order.field{number}")}
    if kind == 3:
        for row in rows:
            row["items"] = [{"n": 2, f"field{number}": []}]
        return answer, {Shape(SOURCE, f"data.list[].items[].field{number}")}
    if kind == 4:
        answer[f"field{number}"] = {"inner": 1}
        return answer, {
            Shape(SOURCE, f"field{number}"),
            Shape(SOURCE, f"field{number}.inner"),
        }
    one[f"object{number}"] = {"status": "on"}
    path = f"data.list[].object{number}"
    return answer, {
        Shape(SOURCE, path),
        Shape(SOURCE, f"{path}.status"),
        Shape(SOURCE, f"{path}.status", "on"),
    }


def looked(engine: Engine, *answers: Any) -> Drifted:
    """Look at answers as one run does, and write what is new."""
    store = ShapeStore(engine)
    for number, answer in enumerate(answers):
        store.shapes.look(SOURCE, answer, f"pdd_review pdd-1 day {number}")
    return store.write()


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    """Return a warehouse in which the first answer of the source has been looked at."""
    engine = connect(warehouse_url)
    assert looked(engine, page(*[ROW] * 30)) == Drifted({}, [])
    yield engine
    engine.dispose()


def test_two_hundred_mutations_are_said_once_each(warehouse: Engine) -> None:
    """In runs of one to nine answers, and never by a run that sees them again."""
    expected: set[Shape] = set()
    told: list[Shape] = []
    answers = []
    for number in range(MUTATIONS):
        answer, new = mutated(number)
        expected |= new
        answers.append(answer)
    place = 0
    while place < MUTATIONS:
        size = 1 + place % 9
        told += looked(warehouse, *answers[place : place + size]).new
        place += size
    # Of more than fifty values a status is none any more: those that were said stay.
    assert len(told) == len(set(told))
    assert set(told) == expected
    for answer in answers:
        assert looked(warehouse, answer) == Drifted({}, [])


LOOKER = """
import json, sys
from include.gateways.shape_store import ShapeStore
from include.warehouse import connect
store = ShapeStore(connect(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number, answer in enumerate(json.load(open(sys.argv[2]))):
    store.shapes.look("feed pdd_review", answer, f"{sys.argv[3]} {number}")
for shape in store.write().new:
    print(json.dumps(shape), flush=True)
"""


@pytest.mark.every_warehouse
def test_of_two_processes_one_says_it(warehouse: Engine, tmp_path: Any, warehouse_url: str) -> None:
    """Both find all that is new at once; each thing is said by one of them, and is in one row."""
    made = [mutated(number) for number in range(MUTATIONS)]
    file = tmp_path / "answers.json"
    file.write_text(json.dumps([answer for answer, _ in made]), "utf-8")
    command = [sys.executable, "-c", LOOKER, warehouse_url, str(file)]
    runs = [
        subprocess.Popen(
            [*command, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "other")
    ]
    for run in runs:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin
        run.stdin.write("\n")
        run.stdin.flush()
    said = [run.communicate()[0].splitlines() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    told = [Shape(*json.loads(line)) for lines in said for line in lines]
    assert len(told) == len(set(told))
    assert set(told) == set().union(*(new for _, new in made))
    with warehouse.connect() as connection:
        rows = connection.execute(select(table).where(table.c.is_new == 1)).all()
    assert {Shape(row.source, row.path, row.value) for row in rows} == set(told)


@pytest.mark.every_warehouse
def test_what_goes_missing_is_said_once_and_again_when_it_was_back(warehouse: Engine) -> None:
    """From a fifth of the rows it is nothing; of a path that few rows ever had it is never said."""
    lost = {key: value for key, value in ROW.items() if key != "stars"}
    path = Shape(SOURCE, "data.list[].stars")
    assert looked(warehouse, *[page(*[ROW] * 4, lost)] * 30).lacking == []
    assert looked(warehouse, *[page(*[lost] * 30)] * 15).lacking == [path]
    assert looked(warehouse, *[page(*[lost] * 30)] * 15).lacking == []
    assert looked(warehouse, *[page(*[ROW] * 30)] * 15) == Drifted({}, [])
    assert looked(warehouse, *[page(*[lost] * 30)] * 15).lacking == [path]


@pytest.mark.every_warehouse
def test_what_has_changed_within_a_while(warehouse: Engine) -> None:
    """What was there at first has not; each has the unit for which it was seen first."""
    lost = {key: value for key, value in ROW.items() if key != "stars"}
    looked(warehouse, *[page(*[ROW] * 30)] * 15)
    looked(warehouse, *[page(*[lost | {"gift": 1}] * 30)] * 15)
    now, hour = datetime.now(timezone.utc), timedelta(hours=1)
    first = "pdd_review pdd-1 day 0"
    assert changes_within(warehouse, now - hour, now + hour) == [
        Change(Shape(SOURCE, "data.list[].gift"), first, is_lacking=False),
        Change(Shape(SOURCE, "data.list[].stars"), first, is_lacking=True),
    ]
    assert changes_within(warehouse, now + hour, now + 2 * hour) == []


def test_a_path_that_was_always_rare_is_not_missed(warehouse: Engine) -> None:
    """An optional field is no drift, however many rows lack it."""
    rare = page(ROW | {"note": 1}, *[ROW] * 29)
    (shape,) = looked(warehouse, *[rare] * 20).new
    assert shape.path == "data.list[].note"
    assert looked(warehouse, *[page(*[ROW] * 30)] * 20) == Drifted({}, [])


def test_an_object_that_is_keyed_by_ids_has_no_paths(warehouse: Engine) -> None:
    """Else each order would be a field; nor has one of very many keys."""
    by_id = page(ROW | {"lines": {f"{number}2025": {"n": 1} for number in range(5)}}, ROW)
    assert [shape.path for shape in looked(warehouse, by_id).new] == ["data.list[].lines"]
    many = page(ROW | {"other": dict.fromkeys((f"k{number}" for number in range(300)), 1)}, ROW)
    assert [shape.path for shape in looked(warehouse, many).new] == ["data.list[].other"]


def test_odd_answers_are_looked_at_without_harm() -> None:
    """Whatever JSON there is, also in the place of a status or of a row."""
    shapes = Shapes()
    odd: list[Any] = [None, 1, "x", [], [[]], [1, {"status": [1]}], {"status": {"a": 1}}, {"": 1}]
    deep: Any = {"status": "end"}
    for _ in range(400):
        deep = {"inner": deep}
    for answer in [*odd, deep, [*odd, {"status": "x" * 100}], {"type": True, "state": None}]:
        shapes.look(SOURCE, answer, "somewhere")
    assert all(len(shape.path) <= 255 and len(shape.value) <= 64 for shape in shapes.found)


def test_small_answers_are_looked_at_now_and_then() -> None:
    """All of a source that is not known; else for so many bytes one, so that it costs little."""
    assert all(Shapes().wants(SOURCE, 200) for _ in range(50))
    known = Shapes([Shape(SOURCE, "code")])
    wanted = sum(known.wants(SOURCE, 400) for _ in range(1000))
    assert 19 <= wanted <= 21
    assert all(known.wants(SOURCE, 50_000) for _ in range(10))

"""What scripts say of their shops in the file RESULTS_FILE."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from include.running.results import LONGEST_LINE, Result, Results, read_results, results_file
from tests.running.project import Project, rows_of

SHOPS = ("s1", "s2")
OK = b'{"shop": "s1", "state": "ok", "rows": 5}\n'


def _read(tmp_path: Path, *lines: bytes, shops: tuple[str, ...] = SHOPS) -> Results:
    path = tmp_path / "results/one.jsonl"
    with results_file(path):
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_bytes(b"".join(lines))
        return read_results(path, shops, lambda text: text.replace("hunter2", "***"))


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (b'{"shop": "s1", "state": "ok", "rows": 52}', Result(0, 52)),
        (b'{"shop": "s1", "state": "ok"}', Result(0)),
        (b'{"shop": "s1", "state": "ok", "rows": null, "more": [1]}', Result(0)),
        (b'{"shop": "s1", "state": "ok", "rows": 52.0}', Result(0, 52)),
        (b'{"shop": "s1", "state": "ok", "rows": 0}', Result(99, 0)),
        (b'{"shop": "s1", "state": "empty"}', Result(99, 0)),
        (b'{"shop": "s1", "state": "failed", "error": "no"}', Result(1, error="no")),
        (b'{"shop": "s1", "state": "temporary"}', Result(75)),
        (b'{"shop": "s1", "state": "credentials"}', Result(77)),
        (b'{"shop": "s1", "state": "configuration"}', Result(78)),
        (
            b'{"shop": "s1", "state": "failed", "error": {"code": 7}}',
            Result(1, error='{"code": 7}'),
        ),
        (b'{"shop": "s1", "state": "failed", "error": "hunter2"}', Result(1, error="***")),
        (
            b'{"shop": "s1", "state": "failed", "error": "\\ud800\\u0000"}',
            Result(1, error=r"\ud800\x00"),
        ),
        ('{"shop": "s1", "state": "failed", "error": "限流"}'.encode(), Result(1, error="限流")),
        (b'\xef\xbb\xbf {"shop": "s1", "state": "temporary"}\r', Result(75)),
    ],
)
def test_a_line_settles_its_shop(tmp_path: Path, line: bytes, result: Result) -> None:
    """Also one without a newline behind it, of Windows, or with more than is known."""
    for end in (b"", b"\n", b"\r\n", b"\n\n  \n"):
        assert _read(tmp_path, line + end)[:2] == ({"s1": result}, [])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"shop": "s2", "state": "o', "is not JSON (Unterminated string starting at)"),
        (b"landed", "is not JSON (Expecting value): write one object a line"),
        (OK.strip() + OK.strip(), "is not JSON (Extra data)"),
        (b'[{"shop": "s2"}]', "is no object: write it like"),
        (b"null", "null is no object"),
        (b'{"shop": "s2", "error": "\xd6\xd0"}', "byte 26 is not UTF-8: write it in UTF-8"),
        (b"\0" * 8, "is not JSON"),
        (
            b'{"shop": "s3", "state": "ok"}',
            "shop 's3' is none that this run is for: write one of s1, s2",
        ),
        (b'{"shop": "\\ud800", "state": "ok"}', "is none that this run is for"),
        (b'{"shop": 2, "state": "ok"}', "shop 2 is none that this run is for"),
        (b'{"state": "ok"}', "shop null is none that this run is for"),
        (b"[" * 50_000, "it is nested too deeply"),
        (
            b'{"shop": "s2", "error": "' + b"x" * LONGEST_LINE + b'"}',
            "it is longer than 65,536 bytes",
        ),
        (
            b'{"shop": "s2", "state": "ok", "rows": ' + b"9" * 5_000 + b"}",
            "a number of 5,000 digits",
        ),
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(tmp_path: Path, line: bytes, why: str) -> None:
    """It is told with its number; those before and behind it count."""
    last = b'{"shop": "s1", "state": "ok", "rows": 6}'
    found = _read(tmp_path, OK, line, b"\n", last)
    assert found.of["s1"] == Result(0, 6)
    (problem,) = found.problems
    assert problem.startswith("line 2 of RESULTS_FILE does not count: ")
    assert why in problem
    assert len(problem) < 400


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"state": "OK"}, "state 'OK' is not known: write one of ok, empty, failed, temporary"),
        ({"state": ["ok"]}, 'state ["ok"] is not known'),
        ({}, "state null is not known"),
        ({"state": "ok", "rows": -1}, "rows -1 is not how many rows landed: write a whole number"),
        ({"state": "ok", "rows": True}, "rows true is not how many"),
        ({"state": "ok", "rows": 1.5}, "rows 1.5 is not how many"),
        ({"state": "ok", "rows": "52"}, "rows '52' is not how many"),
        ({"state": "ok", "rows": 2**31}, "rows 2147483648 is not how many"),
        ({"state": "empty", "rows": 3}, "state 'empty' and 3 rows do not go together"),
    ],
)
def test_a_shop_of_which_nothing_can_be_read_has_not_landed(
    tmp_path: Path, said: dict[str, Any], why: str
) -> None:
    """Nobody knows how it went, whatever the exit code; a line that can be read decides."""
    line = json.dumps({"shop": "s1", **said}).encode() + b"\n"
    found = _read(tmp_path, line)
    (problem,) = found.problems
    assert why in problem
    assert found.of == {
        "s1": Result(1, error=problem.replace("does not count", "names it and cannot be read"))
    }
    assert _read(tmp_path, line, OK).of == _read(tmp_path, OK, line).of == {"s1": Result(0, 5)}


@pytest.mark.parametrize(
    "line",
    [
        b'{"shop": "s2", "state": "failed", "error": "he said "no""}',
        b'{"shop": "s2", "state": "failed", "rows": NaN}',
        b'{"shop": "s2", "state": "failed", "error": "C:\\Users\\x"}'.replace(b"\\\\", b"\\"),
        b'{"shop": "s2", "state": "failed", "error": "\xcf\xde\xc1\xf7"}',
        b"{'shop': 's2', 'state': 'failed'}",
        b'{"shop": "s2", "state": "failed"}{"shop": "s2", "state": "ok"}',
        b'{"shop": "s2", "state": "failed", "error": "\0"}',
        b'{"shop": "s2", "state": "failed", "rows": }',
        b'{"shop": "s2", "state": "fai',
        b'{"shop": "s2", "state": "failed", "error": "' + b"x" * LONGEST_LINE + b'"}',
        b"s2 failed",
    ],
)
def test_a_shop_that_an_unreadable_line_names_has_not_landed(tmp_path: Path, line: bytes) -> None:
    """It alone, whatever the exit code, unless a good line speaks for it."""
    found = _read(tmp_path, line + b"\n", shops=("s1", "s2", "s22"))
    assert list(found.of) == ["s2"]
    assert found.of["s2"].code == 1
    assert found.of["s2"].error.startswith("line 1 of RESULTS_FILE names it and cannot be read: ")
    good = b'{"shop": "s2", "state": "ok"}\n'
    assert _read(tmp_path, good, line).of == {"s2": Result(0)}


@pytest.mark.parametrize(
    "line",
    [
        b'{\n  "state":\n "failed"\n}',
        b'{"shop": "s',
        b'{"shop": "s2',  # or s22
        '{"shop": "s2", "state": "failed"}'.encode("utf-16"),
        b"oops",
        b'{"shop": "s3", "state": "failed",}',
        b'{"shop": "S2", "state": "failed"}',
        b'{"shop": 2, "state": "temporary"}',
        b'{"state": "credentials"}',
        b'{"shop": "S2", "state": "failed", "error": "not as s1, which is there"}',
    ],
)
def test_where_nobody_knows_whom_a_line_meant_no_shop_has_landed(
    tmp_path: Path, line: bytes
) -> None:
    """All but those for which a good line speaks."""
    found = _read(tmp_path, OK, line, shops=("s1", "s2", "s22"))
    assert {shop: result.code for shop, result in found.of.items()} == {"s1": 0, "s2": 1, "s22": 1}
    assert "line 2 of RESULTS_FILE names no shop of this run" in found.of["s2"].error


def test_a_failure_of_nobody_known_fails_the_run(project: Project, warehouse: str) -> None:
    """Also where good lines speak for all shops of the run; what landed elsewhere harms nobody."""
    project.shops(s1=True)
    for said, code in (({"state": "failed"}, 1), ({"state": "ok"}, 0)):
        project.job(
            f"{SAY}\nsay(shop=' s1 ', state='ok', rows=5)\nsay(shop='S1', **{said!r})",
            platform="erp",
        )
        found, output = project.run(WAREHOUSE_URL=warehouse, AGAIN="1")
        assert (found, _seen(warehouse)) == (code, [("s1", "ok", 5, 0)])
        assert "line 2 of RESULTS_FILE does not count: shop 'S1' is none" in output


def test_a_line_that_may_have_meant_a_shop_is_never_green(project: Project, warehouse: str) -> None:
    """A script that ends well and fails to write its failure down has not landed."""
    project.shops(s1=True, s2=True)
    line = '{"shop": "s2", "state": "failed", "error": "a "b"}'
    script = f"{SAY}\nwith open(os.environ['RESULTS_FILE'], 'a') as file:\n    file.write({line!r})"
    project.job(script, platform="erp")
    assert project.run(WAREHOUSE_URL=warehouse)[0] == 1
    assert [row[:2] for row in _seen(warehouse)] == [("s1", "ok"), ("s2", "failed")]


def test_what_a_terminal_would_obey_is_escaped(tmp_path: Path) -> None:
    """Of the error, which goes to logs, to the ledger and to terminals; Chinese blanks stay."""
    error = "\x1b[2J\u202e\u2028\x85\n限　流"
    line = json.dumps({"shop": "s1", "state": "failed", "error": error}).encode()
    shown = r"\x1b[2J\u202e\u2028\x85\n限　流"
    assert _read(tmp_path, line).of == {"s1": Result(1, error=shown)}


def test_nan_is_no_number(tmp_path: Path) -> None:
    """Python's own way of writing it is no JSON."""
    (problem,) = _read(tmp_path, b'{"shop": "s1", "state": "ok", "rows": NaN}').problems
    assert "NaN is no number: write null, or leave it out" in problem


def test_the_last_line_of_a_shop_counts(tmp_path: Path) -> None:
    """A script may try again."""
    lines = [OK, b'{"shop": "s1", "state": "temporary"}\n']
    assert _read(tmp_path, *lines).of == {"s1": Result(75)}
    assert _read(tmp_path, *reversed(lines)).of == {"s1": Result(0, 5)}


def test_a_job_without_shops_has_one_unit(tmp_path: Path) -> None:
    """Its lines name none, or `-`."""
    for line in (b'{"state": "ok", "rows": 5}', b'{"shop": "-", "state": "ok", "rows": 5}'):
        assert _read(tmp_path, line, shops=("-",)).of == {"-": Result(0, 5)}
    (problem,) = _read(tmp_path, OK, shops=("-",)).problems
    assert "this job has no shops: leave 'shop' out" in problem
    assert _read(tmp_path, b"{}", b"\n[]", shops=("-",)).of["-"].code == 1


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    """Ten are told."""
    found = _read(tmp_path, *[b"x\n"] * 5_000, OK)
    assert found.of["s1"] == Result(0, 5)
    assert (len(found.problems), found.problems[-1]) == (11, "and so do 4,990 more lines of it")


def test_what_is_put_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    """Nothing, a folder, a pipe or a link: nothing is said then; what `mv` puts there counts."""
    path = tmp_path / "one.jsonl"
    for make in (lambda: None, path.mkdir, lambda: os.mkfifo(path)):
        with results_file(path):
            path.unlink()
            make()
            assert read_results(path, SHOPS, str)[:2] == ({}, [])
    other = tmp_path / "other"
    with results_file(path):
        other.write_bytes(OK)
        path.unlink()
        path.symlink_to(other)
        assert read_results(path, SHOPS, str)[:2] == ({}, [])
    with results_file(path):
        other.rename(path)
        assert read_results(path, SHOPS, str)[:2] == ({"s1": Result(0, 5)}, [])
    assert not path.exists()


def _seen(url: str) -> list[tuple[Any, ...]]:
    return [(row.shop_id, row.state, row.rows, row.exit_code) for row in rows_of(url)]


SHELL = """\
#!/bin/sh
say() { printf '%s\\n' "$1" >> "$RESULTS_FILE"; }
say '{"shop": "s1", "state": "ok", "rows": 52}'
say '{"shop": "s2", "state": "temporary", "error": "code 429"}'
say 'oops'
"""


def test_a_shell_script_says_how_each_shop_went(project: Project, warehouse: str) -> None:
    """The run's own code is the worst; a shop that a line may have meant has not landed."""
    project.shops(s1=True, s2=True, s3=True)
    project.job(SHELL, file="shell.sh", platform="erp")
    (project.root / "include/scripts/shell.sh").chmod(0o755)
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert code == 75
    assert _seen(warehouse) == [
        ("s1", "ok", 52, 0),
        ("s2", "failed", None, 75),
        ("s3", "failed", None, 1),
    ]
    assert rows_of(warehouse)[1].error == "code 429"
    told = "s2 failed, exit code 75 (a temporary failure): code 429"
    for text in (output, project.journal()):
        assert told in text
        assert "line 3 of RESULTS_FILE does not count: 'oops' is not JSON" in text
    assert list((project.var / "results").iterdir()) == []


SAY = """
import json, os, signal, sys
from pathlib import Path
def say(**line):
    with open(os.environ["RESULTS_FILE"], "a") as file:
        file.write(json.dumps(line) + "\\n")
"""


def test_a_script_that_is_killed_half_way_has_said_what_it_did(
    project: Project, warehouse: str
) -> None:
    """The lines before count, half a line does not, and the retry is for the other shops."""
    script = f"""{SAY}
say(shop="s1", state="ok", rows=7)
if not Path(os.environ["SCRATCH"], "again").exists():
    with open(os.environ["RESULTS_FILE"], "a") as file:
        file.write('{{"shop": "s2", "sta')
    os.kill(os.getpid(), signal.SIGKILL)
print("asked for", os.environ["SHOPS"])
"""
    project.shops(s1=True, s2=True)
    project.job(script, platform="erp")
    assert project.run(WAREHOUSE_URL=warehouse)[0] == 137
    assert _seen(warehouse) == [("s1", "ok", 7, 0), ("s2", "failed", None, 1)]
    (project.root / "again").touch()
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert "asked for s2" in output
    assert (code, _seen(warehouse)[1][:2]) == (0, ("s2", "ok"))


@pytest.mark.parametrize(
    ("ends", "said", "expected"),
    [
        (1, {"state": "ok", "rows": 3}, (1, "ok")),
        (0, {"state": "failed", "error": "no"}, (1, "failed")),
        (0, {"state": "credentials"}, (77, "failed")),
        (75, {"state": "configuration"}, (78, "failed")),
        (99, {"state": "ok", "rows": 3}, (0, "ok")),
        (99, {"state": "empty"}, (99, "empty")),
        (0, {"state": "empty"}, (0, "empty")),
        (0, {"state": "done"}, (1, "failed")),
    ],
)
def test_each_unit_is_as_its_line_says_and_the_run_as_the_worst(
    project: Project, warehouse: str, ends: int, said: dict[str, Any], expected: tuple[int, str]
) -> None:
    """A job without shops names none; the exit code counts beside the lines."""
    project.job(f"{SAY}\nsay(**{said!r})\nsys.exit({ends})")
    code, _ = project.run(WAREHOUSE_URL=warehouse)
    (row,) = rows_of(warehouse)
    assert (code, row.state) == expected


def test_a_retry_of_what_has_landed_is_green(project: Project, warehouse: str) -> None:
    """The script failed after it had said that all is there: the next attempt has nothing to do."""
    project.job(f"{SAY}\nsay(state='ok', rows=3)\nsys.exit(1)")
    more = {"WAREHOUSE_URL": warehouse, "RUN_ID": "run-1"}
    assert project.run(**more)[0] == 1
    assert project.run(**more, ATTEMPT="2")[0] == 0


def test_the_rows_that_a_script_says_are_checked(project: Project, warehouse: str) -> None:
    """By `min_rows`, as those of the jobs that keep the ledger themselves."""
    project.job(f"{SAY}\nsay(state='ok', rows=3)", checks={"min_rows": 10})
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, "3 rows, at least 10 expected" in output) == (1, True)


def test_the_examples_of_the_guide_work(project: Project, warehouse: str) -> None:
    """As they are printed, for two shops of which one lands."""
    guide = (Path(__file__).parents[2] / "docs/add-a-job.md").read_text("utf-8")
    guide = guide[guide.index("## Say per shop how it went") :]
    python, shell = (
        guide.partition(f"```{name}\n")[2].partition("```")[0] for name in ("python", "sh")
    )
    pull = (
        "def pull(shop):\n    if shop == 's2':\n        raise TimeoutError('late')\n    return 5\n"
    )
    project.shops(s1=True, s2=True)
    project.job(pull + python, platform="erp")
    assert project.run(WAREHOUSE_URL=warehouse)[0] == 75
    assert _seen(warehouse) == [("s1", "ok", 5, 0), ("s2", "failed", None, 75)]
    project.job(f"#!/bin/sh\n{shell}", file="shell.sh", platform="erp", cwd="config")
    for name, text in (
        ("include/scripts/shell.sh", None),
        ("config/pull.sh", "[ $1 = s1 ] && echo 6"),
    ):
        if text:
            (project.root / name).write_text(f"#!/bin/sh\n{text}\n")
        (project.root / name).chmod(0o755)
    assert project.run(WAREHOUSE_URL=warehouse, AGAIN="1")[0] == 1
    assert _seen(warehouse) == [("s1", "ok", 6, 0), ("s2", "failed", None, 1)]
    assert rows_of(warehouse)[1].error == "see above"


def test_without_a_warehouse_the_lines_decide_the_exit_code(project: Project) -> None:
    """Nobody keeps the units then, but a failure is one."""
    project.job(f"{SAY}\nsay(state='temporary')")
    assert project.run()[0] == 75

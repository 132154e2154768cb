"""What is wrong in config/ is told where the team looks: as an import error of Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BREAKING = {
    "tasks/erp.yaml": ("period: day", "period: dai"),
    "shops.yaml": ("id: jd-1", "id: JD 1"),
    "feeds.yaml": ("rows: data.list", "rows: data["),
    "pools.json": ('"pdd"', '"pd"'),
}


def test_every_kind_of_problem_is_in_the_import_error(tmp_path: Path) -> None:
    """Of registry, shops, feeds and pools alike, each with its file."""
    for name in ("config", "include", "dags"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for file, (before, after) in BREAKING.items():
        path = tmp_path / "config" / file
        path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")
    done = subprocess.run(
        [sys.executable, "dags/registry_errors.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "problems in config:\n" in done.stderr
    for said in (
        "config/tasks/erp.yaml:8:13: erp_store: period 'dai' is not known",
        ": JD 1: id 'JD 1' is not an id",
        ": pdd_review: rows 'data[' is not JMESPath",
        ": pdd_review: platform 'pdd' has no pool",
    ):
        assert said in done.stderr

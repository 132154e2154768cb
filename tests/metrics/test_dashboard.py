"""The dashboard for Grafana shows what is told, and all of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from include.metrics.figures import HELPS
from tests.documents import ROOT

BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/store-data.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
CHINESE = re.compile("[\u4e00-\u9fff]")
WIDTH = 24


def test_every_metric_is_shown_and_none_that_is_not_told() -> None:
    """By its whole name."""
    variables = [one.get("definition", "") for one in BOARD["templating"]["list"]]
    named = {
        name
        for said in (*EXPRESSIONS, *variables)
        for name in re.findall(r"\bstore_data_\w+", said)
    }
    assert named == set(HELPS)


def test_names_are_as_prometheus_wants_them() -> None:
    """Units in the plural, at the end; `_total` is for counters, of which there are none."""
    for name in HELPS:
        assert re.fullmatch("store_data_[a-z]+(_[a-z]+)*", name)
        assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert ("age" in name or "timestamp" in name) == name.endswith("_seconds")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_a_panel_is_whole(panel: dict[str, Any]) -> None:
    """Its title is Chinese, its description English; it asks the source that is picked."""
    assert CHINESE.search(panel["title"])
    assert not CHINESE.search(panel["description"])
    assert re.fullmatch(r"[A-Z].+\.", panel["description"])
    assert panel["datasource"]["uid"] == "${datasource}"
    place = panel["gridPos"]
    assert 0 <= place["x"] <= place["x"] + place["w"] <= WIDTH
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references) > 0
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        for metric, chosen in re.findall(r"(store_data_\w+)(\{[^}]*\})?", target["expr"]):
            assert chosen == '{instance=~"$instance"}', metric
        labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        kept = re.search(r"\bby \(([^)]*)\)", target["expr"])
        assert labels <= set(kept[1].split(", ")) if kept else labels <= {"instance"}


def test_no_panel_lies_upon_another() -> None:
    """Each cell of the grid belongs to one at most, and each panel has a number of its own."""
    cells = Counter(
        (place["x"] + across, place["y"] + down)
        for place in (panel["gridPos"] for panel in PANELS)
        for across in range(place["w"])
        for down in range(place["h"])
    )
    assert set(cells.values()) == {1}
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_it_is_of_grafana_10() -> None:
    """Older ones do not know its schema; newer ones bring it up to theirs."""
    assert BOARD["schemaVersion"] == 38
    assert {one["name"] for one in BOARD["templating"]["list"]} == {"datasource", "instance"}


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/operations.zh-CN.md"])
def test_every_metric_is_documented(page: str) -> None:
    """With its labels, and no other one is."""
    text = (ROOT / page).read_text("utf-8")
    rows = re.findall(r"^\| (`store_data_[^|]+) \|", text, re.MULTILINE)
    assert sorted(re.findall("`([^`]+)`", "".join(rows))) == sorted(HELPS)

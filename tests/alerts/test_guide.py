"""docs/alerts.md says how to set up what the code sends by."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from include.alerts import notifiers
from include.alerts.channels import CHANNELS
from include.alerts.channels.remedies import ANY, OF_KIND
from include.language import _, speaking
from include.registry.alerts import load_alerts
from tests.documents import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from include.alerts.channels.remedies import Remedy

PAGES = {"zh": "docs/alerts.zh-CN.md", "en": "docs/alerts.md"}
TEXTS = {language: (ROOT / page).read_text("utf-8") for language, page in PAGES.items()}
# The connection that the guide makes for each kind.
CONNECTIONS = {"email": "alert_smtp", "feishu": "alert_feishu", "wecom": "alert_wecom"}
REMEDIES = [(kind, one) for kind, found in OF_KIND.items() for one in found if kind != "lark"]


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize(
    ("kind", "remedy"),
    [*REMEDIES, *(("dingtalk", one) for one in ANY)],
    ids=lambda given: given if isinstance(given, str) else given.code,
)
def test_each_code_is_there_with_its_remedy(language: str, kind: str, remedy: Remedy) -> None:
    """In the words of the receipt."""
    comma, other = ("、", "其他") if language == "zh" else (", ", "other")
    codes = comma.join(f"`{code.replace('..', 'xx')}`" for code in remedy.code.split("|"))
    with speaking(language):
        text = _(remedy.text)
    said = text.format(connection=CONNECTIONS.get(kind, "alert_dingtalk"))
    row = rf"^\| {re.escape(codes if remedy.code != '.*' else other)} \| [^|]+ \| (.+) \|$"
    assert said in re.findall(row, TEXTS[language], re.MULTILINE)


@pytest.mark.parametrize("kind", CHANNELS)
def test_each_kind_is_there(kind: str) -> None:
    """With what it needs, and its notifier."""
    names = [each.__name__ for each in vars(notifiers).values() if getattr(each, "kind", 0) == kind]
    for text in TEXTS.values():
        assert re.search(rf"\n\| (`\w+`、|`\w+`, )?`{kind}`", text)
        for name in names:
            assert f"`{name}`" in text


def test_the_examples_of_channels_are_valid(tmp_path: Path) -> None:
    """Each can be copied as it stands."""
    examples = re.findall(r"```yaml\n(.*?)```", TEXTS["zh"], re.DOTALL)
    assert len(examples) >= 4
    (tmp_path / "config").mkdir()
    for example in examples:
        (tmp_path / "config/alerts.yaml").write_text(dedent(example), "utf-8")
        found = load_alerts(tmp_path)
        assert not found.problems
        assert found.channels or "channels:" not in example

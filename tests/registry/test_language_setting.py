"""config/language.yaml: what `check` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry.checks import check_project

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

WRONG = "config/language.yaml:{}:1: {} is not the setting: write language: and one of auto, en, zh"
NOT_UTF_8 = "holds byte 0xd6, which is not UTF-8 (it looks like GBK): save the file as UTF-8"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# ours\nlanguage: auto\n", None),
        ("\ufefflanguage: zh  # for all\r\n", None),
        ('language: "en"', None),
        ("", None),
        ("language: fr", WRONG.format(1, "'language: fr'")),
        ("language:zh", WRONG.format(1, "'language:zh'")),
        ("# 语言\nlanguage: 中文", WRONG.format(2, "'language: 中文'")),
        ("language: zh\n  lang: zh", WRONG.format(2, "'  lang: zh'")),
        (
            "language: zh\n\nlanguage: en",
            "config/language.yaml:3:1: the language is set twice: remove this line",
        ),
        (
            "language: 中文".encode("gbk"),
            f"config/language.yaml:1:11: {NOT_UTF_8}",
        ),
    ],
)
def test_what_is_not_the_setting_is_named(
    project: ProjectFolder, text: str | bytes, problem: str | None
) -> None:
    """Each line but comments must be the setting, with a language that there is."""
    project.write("config/language.yaml", text)
    found = [str(one) for one in check_project(project.root).problems if "language" in one.file]
    assert found == ([problem] if problem else [])

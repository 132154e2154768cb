"""The page's own files: plain, small, and they ask nothing of any other server."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from include import PROJECT_ROOT
from include.coverage_page.responses import CODES

FOLDER = PROJECT_ROOT / "include/coverage_page/static"
NAMES = sorted(path.name for path in FOLDER.iterdir())
MODULES = [name for name in NAMES if name.endswith(".js")]
LONGEST_MODULE = 300


def text(name: str) -> str:
    """Read a file of the page."""
    return (FOLDER / name).read_text("utf-8")


INDEX = text("index.html")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leads_to_another_server(name: str) -> None:
    """Neither a script nor a picture nor a letter."""
    found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text(name)))
    assert found <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", MODULES)
def test_a_script_is_small_and_makes_no_markup_of_texts(name: str) -> None:
    """What somebody else has said becomes text and nothing else."""
    source = text(name)
    assert source.count("\n") <= LONGEST_MODULE
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
    assert source.startswith("/*"), "say what the module does"


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_is_there(name: str) -> None:
    """Each import names a module of the page and something that it exports."""
    for names, module in re.findall(r'import (.+?) from "\./([\w.]+)";', text(name), re.DOTALL):
        exported = set(
            re.findall(r"export (?:async )?(?:function|const|class) (\w+)", text(module))
        )
        if not names.startswith("*"):
            assert set(re.findall(r"\w+", names)) <= exported


def test_all_modules_are_asked_for_at_once() -> None:
    """A browser that had to find them in each other would wait once more for each step."""
    asked = re.findall(r'(?:modulepreload" href|script type="module" src)="files/([\w.]+)"', INDEX)
    imported = {name for module in asked for name in re.findall(r'"\./([\w.]+)"', text(module))}
    assert sorted(asked) == sorted({"main.js", *imported})


class _Scripts(HTMLParser):
    """Collects what the policy of the page would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given) or "style" in given:
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on")]


def test_the_page_has_no_inline_script_or_style() -> None:
    """The policy lets the browser run files of this server alone."""
    parser = _Scripts()
    parser.feed(text("index.html"))
    assert parser.inline == []


def test_every_state_has_sign_name_colour_and_meaning() -> None:
    """In both languages."""
    states, words, colours = text("states.js"), text("words.js"), text("states.css")
    for state, code in CODES.items():
        assert re.search(rf'\b{code}: "{state}"', states)
        assert f'[data-state="{code}"] {{' in colours
        for said in (f'"state.{state}":', f'"about.{state}":'):
            assert words.count(said) == 2


def test_both_languages_say_the_same() -> None:
    """Each text is there in both, with the same places to fill in."""
    english, chinese = (
        dict(re.findall(r'"?([\w. ]+)"?: "((?:[^"\\]|\\.)*)"', part))
        for part in re.findall(
            r"const (?:ENGLISH|CHINESE) = \{(.*?)\n\};", text("words.js"), re.DOTALL
        )
    )
    assert english.keys() == chinese.keys()
    for key, said in english.items():
        places = re.compile(r"\{\w+\}")
        assert sorted(places.findall(said)) == sorted(places.findall(chinese[key])), key

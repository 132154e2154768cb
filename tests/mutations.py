"""Mistakes in the delivered files of config/, as hands and editors make them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

KEY = re.compile(r"^(?P<before> +(?:- )?)(?P<key>\w+): (?P<value>\S.*)$")
ENTRY = re.compile(r"^  - id: (\S+)", re.MULTILINE)
# What a value, or a part of one, may become.
VALUES = (
    *("", "~", "''", '"', "'", "[", "[]", "{}", "{", "[a", "[[a]]", "[{a: b}]", "{a: {b: [c]}}"),
    *("{id: x}", "[pdd_feed, 客服]", "[1, 2, 3]", "[a, b, c, d, e, f]", "- a", "0", "-1", "1.5"),
    *("1e9", "99999999999999999999", "true", "no", "null", "*", "&a b", "*a", "!!set {a}", "!x"),
    *("60%", "0%", "5", "5m", "1h30m", "-5m", "10:00", "25:00", "2025-01-01", "2025-13-01"),
    *('"0 8 * * *"', '"* * * * *"', '"0 22-6 * * *"', '"0 8 31 2 *"', '"0 8 * * 6-0"', "day"),
    *("week", "month", "tick", "pdd", "erp", "Asia/Shanghai", "../x.py", "/etc/passwd", "a b"),
    *("erp/erp_store.py", "x" * 300, "中文：值", "：", '"\\0"', '"\\ud800"', '"\\x1b[31m"', "\x7f"),
    *("a.b[", "code == `0`", "length(@)", "%Y-%m-%d", "{start}", "{x}", "{", "}}", "{shop:number}"),
    *("{min: {geq_to: a}}", "{a: {min: {geq_to: 1, leq_to: 0}}}", "{a: }", "{by: page}", "|", ">"),
)
# What the second of two equal keys may have, as a copied line that somebody went on with.
LISTS = (
    *("[pdd_feed, 客服]", "[a, b, 1, {c: d}, 客服]", '[--feed, "{x}"]', "[x, [y], z, '']"),
    *("{a: 1, 中: [2]}", '{A: "1", B: 2, PATH: x}', "{min_rows: x, columns: {a: {min: 1}}}"),
    *("{by: page, parameter: p, first: x}", "{review_id: 'a[', score: 1, nothing: b}"),
)
CHARACTERS = "abz09_-:#{}[]&*!|>'\"%@`,. \t\n：，“”中\u00a0\ufeff\x00\x07\ud7ff\U0001f600"


class Mutation(NamedTuple):
    """One mutated file.

    Attributes:
        raw: what it holds now.
        entry: the id of the one entry that was touched; None where lines may have come to another.
    """

    raw: bytes
    entry: str | None


def mutated(text: str, random: Random) -> Mutation:
    """Return a file's text with one to three mistakes in it."""
    within = random.random() < 0.6
    entry = None
    for _ in range(random.randint(1, 3)):
        if within:
            text, entry = _in_an_entry(text, random, entry)
        else:
            text = random.choice((_characters, _lines, _cut))(text, random)
    return Mutation(text.encode(), entry)


def _in_an_entry(text: str, random: Random, entry: str | None) -> tuple[str, str]:
    """Change one key of one entry, so that no other entry's lines are touched."""
    starts = list(ENTRY.finditer(text))
    names = [entry] if entry else [one[1] for one in starts]
    name = random.choice(names)
    found = next((one for one in starts if one[1] == name), None)
    if found is None:  # an earlier mistake has taken its id away
        return text, name
    following = [one.start() for one in starts if one.start() > found.start()]
    end = following[0] if following else len(text)
    lines = text[found.start() : end].splitlines()
    numbers = [number for number, line in enumerate(lines) if KEY.match(line)]
    match = None
    if numbers:
        number = random.choice(numbers)
        match = KEY.match(lines[number])
    if match is None:
        return text, name
    before, key, value = match["before"], match["key"], match["value"]
    new = random.choice((*VALUES, f"{value}{random.choice(VALUES)}", f"[{value}, {value}]"))
    indent = before.replace("-", " ")
    change = random.choice(("value", "twice", "rename", "move", "remove", "add"))
    if change == "value":
        lines[number] = f"{before}{key}: {new}"
    elif change == "twice":
        lines.insert(number + 1, f"{indent}{key}: {random.choice((new, *LISTS))}")
    elif change == "rename":
        lines[number] = f"{before}{random.choice((key.upper(), key[1:], f'{key}s', '中'))}: {value}"
    elif change == "add":
        other = random.choice(("checks", "paging", "x", "env"))
        lines.insert(number + 1, f"{indent}{other}: {new}")
    elif "-" not in before:
        line = lines.pop(number)
        if change == "move":
            lines.insert(random.choice(numbers[1:] or [1]), line)
    return text[: found.start()] + "\n".join(lines) + "\n" + text[end:], name


def _characters(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    removed = random.choice((0, 1, 1, 2, 20))
    return text[:place] + random.choice(CHARACTERS) * random.randint(0, 2) + text[place + removed :]


def _lines(text: str, random: Random) -> str:
    lines = text.splitlines()
    number = random.randrange(len(lines))
    line = lines[number]
    lines[number : number + 1] = random.choice(
        ([], [line, line], [f" {line}"], [line[1:]], [f"  {line}"], [line.lstrip()], [f"- {line}"])
    )
    if random.random() < 0.3:
        lines.insert(random.randrange(len(lines)), line)
    return "\n".join(lines)


def _cut(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    return random.choice((text[:place], text[place:], text[:place] + text))

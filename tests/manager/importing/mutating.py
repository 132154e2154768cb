"""Files of old schedulers as hands, editors and enemies leave them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

HERE = Path(__file__).parent
PROGRAMS = ("old_system/scheduler_config.py", "old_system/scheduler_flows.py")
CRONTAB = "old_system/crontab"
SOURCES = (*PROGRAMS, CRONTAB, "prefect/prefect.yaml", "dag_factory/dags.yml")
DATABASE = "prefect/prefect_3_9_1.sql"  # what makes one
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "gbk", "utf-16", "gb18030", "latin-1")
SIGNS = (
    "abz09_-:#{}[]()&*!|>'\"%@`,.=\\ \t\n\r\f；：，“”中"
    "\u00a0\u3000\ufeff\x00\x07\x1b\ud7ff\U0001f600"
)
# What a file may have in it that does something as soon as it is executed, imported or loaded.
HOSTILE = (
    "open({canary!r}, 'w').close()",
    "__import__('os').system('touch {canary}')",
    "exec(compile(\"open({canary!r}, 'w')\", 'x', 'exec'))",
    "import subprocess; subprocess.run(['touch', {canary!r}])",
    "@__import__('os').system('touch {canary}')\ndef f(): pass",
    "class A(metaclass=lambda *a: open({canary!r}, 'w')): pass",
    "TASK_CONFIGS = [eval(\"open({canary!r}, 'w')\")]",
    "execute_script(open({canary!r}, 'w'))",
    "name: !!python/object/apply:os.system ['touch {canary}']",
    "x: &a [*a]",
    "* * * * * touch {canary}",
    "A=$(touch {canary})",
    "' + __import__('os').system('touch {canary}') + '",
    "{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}",
    "f\"{{open({canary!r}, 'w')}}\"",
)
ODD = (
    *("", "None", "True", "[]", "{}", "(", "[[[[[[[[", "{" * 300, "-" * 3000, "~" * 5000 + "1"),
    *("x" * 20_000, "10**10**10", "'a' * 10**9", "9" * 5000, "1e999", "nan", "0x", "\\N{BULLET}"),
    *("lambda: 0", "yield", "await x", "*x", "**x", "...", "b'\\xff'", "u'x'", "rb'\\'"),
    "f'{x!r:>{y}}'",
    *("0 8 * * *", "* * * * * *", "0 0 31 2 *", "@daily", "@reboot", "0 8 L * *", "0 8 * * 1#2"),
    *("CRON_TZ=Moon/Sea", "TZ=:", "PATH=", "A==", "%%%", "\\%", "' \" '", "2>&1 >", "&& ||"),
    *("Asia/Shanghai", "../../etc/passwd", "D:\\", "\\\\server\\x", "/", ".", "..", "~", "con.py"),
    *("!!python/name:os.system", "<<: *x", "&a", "*a", "? x", "--- |", "%YAML 9.9", "!x", "\t- a"),
)  # fmt: skip


def mutated(raw: bytes, random: Random, canary: str) -> bytes:
    """Return what a file holds after one to four changes.

    Args:
        raw: the file, in UTF-8.
        random: decides which.
        canary: the path of a file that must never be there.
    """
    text = raw.decode()
    for _change in range(random.randint(1, 4)):
        change = random.choice((_signs, _lines, _cut, _replace, _hostile, _hostile))
        text = change(text, random, canary) or "\n"
    encoded = text.encode(random.choice(ENCODINGS), "replace")
    if random.random() < 0.1:
        encoded = encoded.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n")))
    if random.random() < 0.1:
        place = random.randrange(len(encoded))
        encoded = encoded[:place] + random.randbytes(random.choice((1, 2, 40))) + encoded[place:]
    return encoded


def mutated_database(raw: bytes, random: Random) -> bytes:
    """Return what a database holds after some of its bytes have changed, or its end is gone."""
    changed = bytearray(raw)
    for _change in range(random.choice((1, 3, 30, 300))):
        place = random.randrange(16, len(changed))  # behind what it is recognised by
        changed[place] = random.choice((0, 0x20, 0x7B, 0xFF, random.randrange(256)))
    cut = random.choice((len(changed),) * 5 + (random.randrange(16, len(changed)),))
    return bytes(changed[:cut])


def _signs(text: str, random: Random, _canary: str) -> str:
    place = random.randrange(len(text))
    signs = "".join(random.choices(SIGNS, k=random.randint(0, 3)))
    return text[:place] + signs + text[place + random.choice((0, 1, 1, 2, 30)) :]


def _lines(text: str, random: Random, _canary: str) -> str:
    lines = text.splitlines() or [""]
    number = random.randrange(len(lines))
    line = lines[number]
    lines[number : number + 1] = random.choice(
        ([], [line, line], [f" {line}"], [line[1:]], [f"# {line}"], [line.strip()], [f"- {line}"],
         [f"for n in range(3): {line.strip()}"], [line] * 30)
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _cut(text: str, random: Random, _canary: str) -> str:
    place = random.randrange(len(text))
    return random.choice((text[:place], text[place:], text + text[place:]))


def _replace(text: str, random: Random, _canary: str) -> str:
    """Put something odd in place of a value."""
    starts = [place for place, sign in enumerate(text) if sign in "\"'=:(,"]
    if not starts:
        return text
    place = random.choice(starts)
    end = min(len(text), place + random.randint(1, 20))
    return text[: place + 1] + random.choice(ODD) + text[end:]


def _hostile(text: str, random: Random, canary: str) -> str:
    line = random.choice(HOSTILE).format(canary=canary)
    lines = text.splitlines()
    number = random.randint(0, len(lines))
    if random.random() < 0.5 or not lines:
        return "\n".join([*lines[:number], line, *lines[number:]]) + "\n"
    return _replace(text, random, canary).replace(random.choice(ODD[:5]) or "\0", line, 1)

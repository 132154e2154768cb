"""What a crontab's command runs: `cd X && python Y --day 1 >> log 2>&1`; never executed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from include.language import _
from include.secrets.masking import MASK
from include.text import quoted
from manager.importing.secret_words import has_secret, looked_through, masked, refused_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHON = re.compile(r"(?:.*[/\\])?(?:python[\d.]*|py|pypy[\d.]*)(?:\.exe)?", re.IGNORECASE)
SHELL = re.compile(r"(?:.*/)?(?:ba|z|da|k)?sh")
ACTIVATE = re.compile(r"(.*/bin)/activate")
SCRIPT = re.compile(r".*\.(?:py|pyw|sh|bash|pl|rb|js|php)", re.IGNORECASE)
OF_THE_SYSTEM = re.compile(r"/(?:usr/)?s?bin/")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)
DURATION = re.compile(r"(\d{1,7})(?:\.\d+)?([smhd]?)")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
SEPARATORS = {"&&", ";", "||", "|", "&", "|&"}
DESCRIPTOR = re.compile(r"(?<!\S)[0-2](?=[<>])")  # of `2>&1`; in `--day 1 > log` it is an argument
REDIRECTION = re.compile(r"[<>]+[&|]?|&>+")
# Programs that run another one, each with its options that take a value, and how many words come
# before that other one.
WRAPPERS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "nice": (("-n",), 0),
    "ionice": (("-c", "-n", "-p"), 0),
    "nohup": ((), 0),
    "time": ((), 0),
    "chronic": ((), 0),
    "exec": ((), 0),
    "command": ((), 0),
    "stdbuf": (("-i", "-o", "-e"), 0),
    "env": (("-u",), 0),
    "sudo": (("-u", "-g"), 0),
    "flock": (("-w", "-E"), 1),
    "timeout": (("-k", "-s"), 1),
}
# What a shell puts another text in the place of; no shell sees an entry's args.
FILLED_IN = re.compile(r"\$(?:[\w({]|\Z)|`|~/")
ASSIGNED_OPTION = re.compile(r"-|\w+=")
OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


@dataclass
class Command:
    """What a command runs.

    Attributes:
        shown: the command, with what looks like a secret masked.
        notes: what is not carried over.
    """

    shown: str
    script: str | None = None
    python: str | None = None
    cwd: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    timeout: timedelta | None = None
    notes: list[str] = field(default_factory=list)


def read_command(text: str) -> Command:
    """Read a crontab's command."""
    text, percent, _stdin = re.sub(r"\\%", "\0", text).partition("%")
    text = text.replace("\0", "%")
    found = Command(_shown(text))
    if percent:
        found.notes.append(_("what stands behind % is given to the command as its input: that is "
                             "not carried over"))  # fmt: skip
    try:
        words = _words(DESCRIPTOR.sub("", text))
    except ValueError:
        found.notes.append(_("a quote is not closed: the command is not read"))
        return found
    parts = _parts(words, found)
    programs = [one for one in (_unwrapped(part, found) for part in parts) if one]
    if len(programs) != 1:
        text = _("it runs no program")
        if programs:
            text = _("it runs {count} programs, not one script: put them into a script of their "
                     "own", count=len(programs))  # fmt: skip
        found.notes.append(text)
        return found
    _read_program(programs[0], found)
    found.notes += [
        _("{word} is filled in by the shell there, and is a text like any other here: let the "
          "script read PERIOD_KEY, or write args like {example}", word=quoted(word),
          example="{first_day}")
        for word in (*found.args, *found.env.values())
        if FILLED_IN.search(word)
    ]  # fmt: skip
    return found


def _parts(words: list[str], found: Command) -> list[list[str]]:
    """Return the commands of a line without where their output goes."""
    parts: list[list[str]] = [[]]
    words = list(words)
    while words:
        word = words.pop(0)
        if word in SEPARATORS:
            if word in ("|", "||", "|&"):
                text = _("what stands behind {sign} is not carried over", sign=word)
                found.notes.append(text)
                break
            parts.append([])
        elif REDIRECTION.fullmatch(word):
            if words:
                words.pop(0)
        elif set(word) <= set("();<>|&") and word:
            found.notes.append(_("{sign} is not carried over", sign=word))
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _unwrapped(words: list[str], found: Command) -> list[str]:
    """Return the program that a command runs; takes note of folder, environment and timeout."""
    while words:
        name = words[0].rpartition("/")[2]
        if assigned := ASSIGNMENT.fullmatch(words[0]):
            _set(assigned[1], assigned[2], found)
            words = words[1:]
        elif name == "cd":
            found.cwd = words[1] if len(words) > 1 else None
            return []
        elif name in ("export", "set", "umask", "ulimit", "sleep", "echo", "true", ":", "date"):
            words = words[1:] if name == "export" else []
        elif name in ("source", ".") and len(words) > 1:
            if activated := ACTIVATE.fullmatch(words[1]):
                found.python = f"{activated[1]}/python"
            else:
                found.notes.append(_("{file} is not read: what it sets is not carried over",
                                     file=words[1]))  # fmt: skip
            return []
        elif name in WRAPPERS:
            words = _behind(name, words[1:], found)
        else:
            return words
    return []


def _behind(name: str, words: list[str], found: Command) -> list[str]:
    """Return the words behind a program that runs another one."""
    with_value, count = WRAPPERS[name]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in with_value else words[1:]
    if name == "timeout" and words and (span := DURATION.fullmatch(words[0])):
        found.timeout = timedelta(seconds=int(span[1]) * SECONDS[span[2]])
    if name == "flock" and len(words) > 2 and words[1] == "-c":  # noqa: PLR2004 -- flock FILE -c COMMAND
        try:
            return shlex.split(words[2])
        except ValueError:
            found.notes.append(_("a quote is not closed: the command is not read"))
            return []
    return words[count:]


def _read_program(words: list[str], found: Command) -> None:
    program, rest = words[0], words[1:]
    if PYTHON.fullmatch(program):
        found.python = program if re.search(r"[/\\]", program) else found.python
        while rest and rest[0].startswith("-"):
            if rest[0] in ("-c", "-m", "-"):
                found.notes.append(
                    _("python {option} runs no script file: make it one", option=rest[0])
                )
                return
            rest = rest[2:] if rest[0] in OPTIONS_WITH_VALUE else rest[1:]
    elif SHELL.fullmatch(program):
        while rest and rest[0].startswith("-"):
            if "c" in rest[0]:
                found.notes.append(_("{shell} {option} runs no script file: make it one",
                                     shell=program, option=rest[0]))  # fmt: skip
                return
            rest = rest[1:]
    elif SCRIPT.fullmatch(program) or ("/" in program and not OF_THE_SYSTEM.match(program)):
        rest = words
    else:
        rest = []
    if not rest:
        found.notes.append(_("{program} is no script: make what it does a script of its own",
                             program=program))  # fmt: skip
        return
    found.script = rest[0]
    found.args = _without_secrets(rest[1:], found)


def _without_secrets(words: list[str], found: Command) -> tuple[str, ...]:
    """Return the arguments without those that hold a secret, and the options before them."""
    kept: list[str] = []
    names: list[str] = []
    for word, looked in zip(words, looked_through(words), strict=True):
        if not looked.secret:
            kept.append(word)
            continue
        name = looked.secret
        is_value = looked.shown.startswith(MASK) or not ASSIGNED_OPTION.match(word)
        if is_value and kept and kept[-1].startswith("-") and "=" not in kept[-1]:
            name = kept.pop().lstrip("-")
        names.append(name)
    for name in dict.fromkeys(names):
        found.notes.append(_("argument {name} looks like a secret, and is left out: put its value "
                             "in a connection (Admin > Connections)", name=name))  # fmt: skip
    return tuple(kept)


def _set(name: str, value: str, found: Command) -> None:
    if refused := refused_variable(name, value):
        found.notes.append(refused)
    else:
        found.env[name] = value


def _words(text: str) -> list[str]:
    """Split a command as a shell does.

    Raises:
        ValueError: a quote is not closed.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _shown(text: str) -> str:
    """Return a command as it stands there, or, where it holds a secret, its words without that."""
    try:
        words = _words(text)
    except ValueError:  # where words end is unknown from the first quote on
        words = [*re.split(r"[\"'\\]", text, maxsplit=1)[0].split(), "…"]
        return masked(words)
    return masked(words) if has_secret(words) else text

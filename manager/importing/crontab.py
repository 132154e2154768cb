"""Reads a crontab: that of a user (`crontab -l`), or of the system with its column of users."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from include.cron import DAYS, MONTHS
from include.language import _
from manager.importing.crontab_commands import Command, read_command
from manager.importing.identifiers import stem_of
from manager.importing.old_jobs import Finding, OldJob, OldSchedule, Place, Read
from manager.importing.secret_words import holds_secret, refused_variable
from manager.importing.source_text import UnreadableSourceError, read_text
from manager.importing.translating import MACROS

VARIABLE = re.compile(r"\s*[\"']?([A-Za-z_]\w*)[\"']?\s*=(.*)\Z", re.ASCII)
MACRO = re.compile(r"\s*(@[A-Za-z]+)\s+(\S.*)\Z")
FIELDS = re.compile(r"\s*((?:[-*?\d/,A-Za-z#~]+[ \t]+){5})(\S.*)\Z")
NAMES = "|".join((*MONTHS, *DAYS))
FIELD = re.compile(rf"[-*?\d/,~#LW]+|(?:(?:{NAMES})[-,/\d#]*)+L?", re.IGNORECASE)
HEADING = re.compile(r"m\s+h\s+dom|minute\s+hour", re.IGNORECASE)
USER = re.compile(r"([a-z_][a-z0-9_-]{0,31})\s+(\S.*)\Z")
# What a command of a user's crontab may begin with, and no user is called.
COMMANDS = re.compile(
    r"(?:cd|env|flock|nice|ionice|timeout|nohup|bash|sh|zsh|source|export|test|sleep|echo|sudo"
    r"|php|node|java|perl|ruby|curl|wget|conda|python[\d.]*|py|run-parts|chronic|time)\Z"
)
# What decides about the crontab itself, and not what a script sees.
OF_CRON = re.compile("MAILFROM|SHELL|PATH|HOME|LOGNAME|USER|RANDOM_DELAY|CONTENT_.*|START_HOURS.*")


@dataclass
class _Lines:
    """What the lines so far have said."""

    has_users: bool
    env: dict[str, str] = field(default_factory=dict)
    timezone: str | None = None
    comment: str = ""
    jobs: list[OldJob] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, place: Place, text: str) -> None:
        """Take down that something is not carried over."""
        self.findings.append(Finding(place, text))


def read(file: str) -> Read:
    """Read a crontab.

    Args:
        file: its path, as the user wrote it.
    """
    try:
        return read_as(file, read_text(Path(file)).text)
    except UnreadableSourceError as error:
        return Read(findings=(Finding(Place(file), str(error)),))


def read_as(file: str, text: str) -> Read:
    """Read the text of a crontab.

    Args:
        file: where it stands, as findings name it.
        text: its lines.
    """
    lines = text.split("\n")
    so_far = _Lines(_has_users(file, lines))
    for number, line in enumerate(lines, 1):
        _read_line(line, Place(file, number), so_far)
    return Read(tuple(so_far.jobs), tuple(so_far.findings))


def _read_line(line: str, place: Place, so_far: _Lines) -> None:
    stripped = line.strip()
    if stripped.startswith("#"):
        comment = stripped.lstrip("#").strip()
        so_far.comment = "" if HEADING.match(comment) or FIELDS.match(comment) else comment
        return
    comment, so_far.comment = so_far.comment, ""
    if not stripped:
        return
    if found := VARIABLE.match(line):
        _read_variable(found[1], found[2].strip(), place, so_far)
    elif found := MACRO.match(line):
        _read_job(found[1], found[2], comment, place, so_far)
    elif (found := FIELDS.match(line)) and all(map(FIELD.fullmatch, found[1].split())):
        _read_job(" ".join(found[1].split()), found[2], comment, place, so_far)
    else:
        text = _("this is no line of a crontab, and is not read: expected five fields or @daily, "
                 "and a command; or NAME=value")  # fmt: skip
        so_far.note(place, text)


def _read_variable(name: str, value: str, place: Place, so_far: _Lines) -> None:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    text: str | None = None
    if name == "CRON_TZ":
        so_far.timezone = value or None
    elif name == "MAILTO":
        text = _("MAILTO is not carried over: who is told of failures is said in "
                 "config/alerts.yaml")  # fmt: skip
    elif OF_CRON.fullmatch(name):
        text = _("variable {name} is not carried over: the runner sets what decides which program "
                 "runs; write 'python' with a full path where another one is meant",
                 name=name)  # fmt: skip
    elif not (text := refused_variable(name, value)):
        so_far.env[name] = value
    if text:
        so_far.note(place, text)


def _read_job(cron: str, rest: str, comment: str, place: Place, so_far: _Lines) -> None:
    if FIELD.fullmatch(rest.split(maxsplit=1)[0]) and not so_far.has_users:
        text = _("there are six fields before the command, and a crontab has five: seconds are not "
                 "read; it is not imported")  # fmt: skip
        so_far.note(place, text)
        return
    if so_far.has_users and (found := USER.match(rest)):
        rest = found[2]
    if cron.startswith("@"):
        macro = MACROS.get(cron.lower())
        if macro is None:
            text = _("{macro} names no time at which a job could run: it is not imported",
                     macro=cron)  # fmt: skip
            so_far.note(place, text)
            return
        cron = macro
    command = read_command(rest)
    if holds_secret(comment):
        text = _("the comment above it looks as if it held a secret, and is not the job's name")
        so_far.note(place, text)
        comment = ""
    so_far.findings += [Finding(place, text) for text in command.notes]
    so_far.jobs.append(_job(cron, command, comment, place, so_far))


def _job(cron: str, command: Command, comment: str, place: Place, so_far: _Lines) -> OldJob:
    stem = stem_of(command.script or "")
    name = comment[:80] or stem or _("line {line}", line=place.line)
    return OldJob(
        name=name,
        place=place,
        schedules=(OldSchedule(cron=cron, timezone=so_far.timezone),),
        script=command.script,
        scheduler="cron",
        timeout=command.timeout,
        retries=0,  # cron tries nothing again
        cwd=command.cwd,
        python=command.python,
        args=command.args,
        env={**so_far.env, **command.env},
        deployment=command.shown,
        notes=tuple(command.notes),
    )


def _has_users(file: str, lines: list[str]) -> bool:
    """Return whether a crontab has a column of users, by its path or by all its lines."""
    path = file.replace("\\", "/")
    if "/cron.d/" in path or path.endswith("etc/crontab"):
        return True
    rest = [found[2] for line in lines if (found := MACRO.match(line) or FIELDS.match(line))]
    users = [USER.match(one) for one in rest]
    return bool(rest) and all(
        user is not None and not COMMANDS.match(user[1]) and not user[2].startswith("=")
        for user in users
    )

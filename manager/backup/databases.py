"""Copies of databases that are whole and consistent, though others write to them meanwhile."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL, make_url

from include.foreign_errors import explained
from include.language import _
from manager.backup.archive import DATABASES

DUMPS = "dumps"
DUMP_LOG_LINES = 5


class _Program(NamedTuple):
    """What dumps a kind of database: its names, options, and the variable for the password."""

    names: tuple[str, ...]
    options: tuple[str, ...]
    user: str
    password: str


_MYSQL = _Program(("mariadb-dump", "mysqldump"), ("--single-transaction",), "--user", "MYSQL_PWD")
PROGRAMS = {
    "postgresql": _Program(("pg_dump",), ("--format=custom",), "--username", "PGPASSWORD"),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}


class NotTakenError(Exception):
    """A database could not be copied; the text says why, and what to do instead."""


def copy_database(name: str, url: str, folder: Path) -> str:
    """Copy a database into a folder.

    Args:
        name: what it is called there, of `DATABASES`.
        url: where it is (SQLAlchemy).
        folder: of the files to pack.

    Returns:
        where it was, without a password.

    Raises:
        NotTakenError: it is not there or damaged, or on a server whose own program is not
            installed.
    """
    where = make_url(url)
    kind = where.get_backend_name()
    if kind == "sqlite":
        source = Path(where.database or "")
        target = folder / DATABASES[name]
        _copy_sqlite(source, target)
        return str(source)
    target = folder / DUMPS / f"{name}.{kind}"
    target.parent.mkdir(exist_ok=True)
    if kind not in PROGRAMS:
        raise NotTakenError(
            _(
                "{name}: a database of kind {kind!r} cannot be copied: do it yourself",
                name=name,
                kind=kind,
            )
        )
    _dump(name, where, target)
    return where.render_as_string(hide_password=True)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise NotTakenError(
            _("{source} is not there: `{manager} doctor` says what brings it back", source=source)
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    # In one step, which reads a single moment of it; each write of others starts several again.
    with (
        closing(sqlite3.connect(source, timeout=60)) as here,
        closing(sqlite3.connect(target)) as there,
    ):
        try:
            here.backup(there)
        except sqlite3.DatabaseError as error:
            raise NotTakenError(
                _("{source} is NOT in this backup: {error}", source=source, error=explained(error))
            ) from error
        # A file of its own, without a log of changes beside it.
        there.execute("PRAGMA journal_mode = DELETE")


def _dump(name: str, where: URL, target: Path) -> None:
    """Have the database's own program write a dump; the password is on no command line."""
    kind = where.get_backend_name()
    program = next(filter(shutil.which, PROGRAMS[kind].names), PROGRAMS[kind].names[-1])
    address = {"--host": where.host, "--port": where.port, PROGRAMS[kind].user: where.username}
    given = [f"{option}={value}" for option, value in address.items() if value]
    command = [program, *PROGRAMS[kind].options, *given, str(where.database)]
    advice = _("{name} is on {kind} and is NOT in this backup", name=name, kind=kind)
    if not shutil.which(program):
        shown = " ".join(command)
        raise NotTakenError(
            _(
                "{advice}: {program} is not installed; run `{shown} > {name}`",
                advice=advice,
                program=program,
                shown=shown,
                name=target.name,
            )
        )
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        done = subprocess.run(
            command,
            env={**os.environ, PROGRAMS[kind].password: str(where.password or "")},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode:
        target.unlink()
        said = " ".join(done.stderr.decode(errors="replace").split("\n")[-DUMP_LOG_LINES:]).strip()
        raise NotTakenError(
            _(
                "{advice}: {program} ended with {code}: {said}",
                advice=advice,
                program=program,
                code=done.returncode,
                said=said,
            )
        )

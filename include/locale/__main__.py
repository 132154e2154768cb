"""`python -m include.locale`: read the code for messages, update the catalogues, compile them.

Needs Babel, which Airflow brings. A message is kept in the catalogue of the first room that has
it; its translation goes with it when the code moves. What the code no longer has is removed.
`python -m include.locale --check` changes nothing: exit code 1 where it would, or where a message
has no translation.
"""

from __future__ import annotations

import ast
import json
import sys
from datetime import datetime, timezone
from io import BytesIO
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from include.language import CHINESE, DOMAIN, LOCALE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ROOT = LOCALE.parent.parent
FOLDERS = ("include", "manager", "sandbox")
# What a message is written in, and in which of its arguments: a mark; an error of ours, which takes
# template and values itself; a command, or an option of one, with its help.
ERRORS = (
    *("ExpectedError", "ConfigurationError", "TemporaryError", "ApiError", "NotThereError"),
    *("ThereAlreadyError", "SupervisorGoneError", "BackupError", "UnreadableSourceError"),
    *("UnknownFiresError", "UntranslatableError", "DatabaseGoneError", "NewerFileError"),
    "NotDeliveredError",
)
KEYWORDS = {**dict.fromkeys(("_", "N_", *ERRORS, "Command"), 0), "option": 1, "flag": 1}
# Translations of what is not in our code: the words of argparse, libyaml and the operating system.
FOREIGN = "foreign"
# What editors show of keys, which stands in the models; and the catalogue of it.
SCHEMAS, SCHEMA_ROOM = "config/*.schema.json", "schemas"
UNDATED = datetime(2000, 1, 1, tzinfo=timezone.utc)


def main(*, check: bool = False) -> int:
    """Update the catalogues, or look only; print what is missing.

    Returns:
        0, or 1 where a message has no translation, or, with `check`, a file is not up to date.
    """
    folder = LOCALE / CHINESE
    old = {path.stem: _read(path) for path in sorted(folder.glob("*.po"))}
    known = {
        message.id: message for catalog in old.values() for message in catalog if message.string
    }
    new = {room: _updated(ids, known) for room, ids in _extracted().items()}
    new[FOREIGN] = old.get(FOREIGN, Catalog())
    files = {folder / f"{room}.po": _as_po(catalog) for room, catalog in new.items()}
    files[folder / "LC_MESSAGES" / f"{DOMAIN}.mo"] = _compiled(new.values())
    missing = [
        f"{room}.po: {message.id!r}" for room, catalog in new.items() for message in catalog
        if message.id and not message.string
    ]  # fmt: skip
    stale = [path for path, content in files.items() if _content(path) != content]
    stale += [path for path in folder.glob("*.po") if path not in files]
    for one in missing:
        sys.stdout.write(f"no translation: {one}\n")
    for path in stale:
        done = "not up to date" if check else "written"
        sys.stdout.write(f"{done}: {path.relative_to(ROOT)}\n")
        if not check and path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
        elif not check:
            path.unlink()
    return 1 if missing or (check and stale) else 0


def room_of(file: Path) -> str:
    """Return the catalogue of a file's messages: its room; that of a program's own files is it."""
    shell, *inner = file.relative_to(ROOT).parts[:-1]
    return inner[0] if inner and shell == "include" else "_".join([shell, *inner[:1]])


def _extracted() -> dict[str, dict[str, set[str]]]:
    """Return each room's messages, each with the files that have it."""
    found: dict[str, dict[str, set[str]]] = {}
    homes: dict[str, str] = {}
    for file in (file for shell in FOLDERS for file in sorted((ROOT / shell).rglob("*.py"))):
        for text in _messages(ast.parse(file.read_text("utf-8"))):
            room = homes.setdefault(text, room_of(file))
            files = found.setdefault(room, {}).setdefault(text, set())
            files.add(str(file.relative_to(ROOT)))
    for path in sorted(ROOT.glob(SCHEMAS)):
        for text in _descriptions(json.loads(path.read_text("utf-8"))):
            room = homes.setdefault(text, SCHEMA_ROOM)
            files = found.setdefault(room, {}).setdefault(text, set())
            files.add(str(path.relative_to(ROOT)))
    return found


def _messages(tree: ast.Module) -> list[str]:
    """Return the texts of a program that are messages, in their order."""
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            place = KEYWORDS.get(name, len(node.args))
            found += (
                (said.lineno, said.col_offset, said.value)
                for said in node.args[place : place + 1]
                if isinstance(said, ast.Constant) and isinstance(said.value, str)
            )
    return [text for _line, _column, text in sorted(found) if text.strip()]


def _descriptions(schema: Any) -> Iterator[str]:
    """Yield what a JSON schema says of its keys."""
    for key, part in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "description" and isinstance(part, str):
            yield part
        elif isinstance(part, (dict, list)):
            yield from _descriptions(part)


def _updated(ids: dict[str, set[str]], known: dict[str, Message]) -> Catalog:
    catalog = Catalog(locale=CHINESE, header_comment="")
    for text, files in ids.items():
        catalog.add(
            text,
            known[text].string if text in known else "",
            locations=[(file, None) for file in sorted(files)],
        )
    return catalog


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=CHINESE)


def _as_po(catalog: Catalog) -> bytes:
    """Return a catalogue as text, without what changes each time it is written."""
    file = BytesIO()
    write_po(file, catalog, width=100, omit_header=True, sort_by_file=True, include_lineno=False)
    return file.getvalue()


def _compiled(catalogs: Iterable[Catalog]) -> bytes:
    """Return all catalogues as gettext reads them; the same bytes for the same messages."""
    both = Catalog(locale=CHINESE, creation_date=UNDATED, revision_date=UNDATED)
    for catalog in catalogs:
        for message in catalog:
            if message.id and message.string:
                both.add(message.id, message.string)
    file = BytesIO()
    write_mo(file, both)
    return file.getvalue()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

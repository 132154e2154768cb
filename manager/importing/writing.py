"""Writes what is planned: the scripts, then the record, and last the entries that need both."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import yaml

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.registry import load_registry
from include.registry.entries import read_entries
from include.registry.paths import TASKS_FOLDER
from manager.importing.record import SUFFIX, Imported, as_json, read_record, write_atomically
from manager.importing.scripts import write_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from include.registry.problems import Problem
    from manager.importing.planning import Plan, PlannedEntry

DEFAULT_OUT = f"{TASKS_FOLDER}/imported.yaml"
LARGEST = 900_000  # bytes of one file; the registry reads 1 MB
HEAD = "# yaml-language-server: $schema=../tasks.schema.json\n"
WIDE = 10_000_000  # so that no value is folded


def check_out(root: Path, out: str) -> Path:
    """Return the file that entries are written to.

    Raises:
        ConfigurationError: the registry does not read such a file.
    """
    path = root / out
    inside = path.resolve().parent == (root / TASKS_FOLDER).resolve()
    if not inside or path.suffix != ".yaml" or path.name.startswith("."):
        raise ConfigurationError(
            _(
                "--out {out!r} is no file of {folder} that is read: write it like {example}",
                out=out,
                folder=TASKS_FOLDER,
                example=DEFAULT_OUT,
            )
        )
    return path


def check_free(root: Path, path: Path) -> None:
    """Raise ConfigurationError, with a name that is free, when a file or its record is there."""
    for taken in (path, path.with_suffix(SUFFIX)):
        if taken.exists() and not (taken != path and _has_no_entry(root, taken)):
            raise ConfigurationError(
                _(
                    "{file} is there already, and is not overwritten: name another file with "
                    "--out, as {example}",
                    file=f"{TASKS_FOLDER}/{taken.name}",
                    example=f"{TASKS_FOLDER}/{_free_beside(path)}",
                )
            )


def _free_beside(path: Path) -> str:
    names = (path.with_name(f"{path.stem}_{number}.yaml") for number in count(2))
    return next(
        one.name for one in names if not one.exists() and not one.with_suffix(SUFFIX).exists()
    )


def _has_no_entry(root: Path, record: Path) -> bool:
    """Return whether a record is what an import has left that was killed before its entries."""
    return not read_record(record).keys() & load_registry(root).jobs.keys()


def write(root: Path, plan: Plan, path: Path) -> list[Path]:
    """Write a plan; nothing that is there is overwritten, and entries come last.

    Args:
        root: the project root.
        plan: what `make_plan` has returned.
        path: what `check_out` has returned.

    Returns:
        the files with the entries; none where there are only scripts to write.

    Raises:
        ExpectedError: a file cannot be written, or what was written would not pass `check`.
    """
    if not plan.entries:
        write_scripts(root, plan.copies)
        return []
    texts = list(as_yaml(plan.entries))
    paths = [path, *(path.with_name(f"{path.stem}_{n}.yaml") for n in range(2, len(texts) + 1))]
    for one in paths:
        check_free(root, one)
    _check_read_back(texts, plan.entries)
    write_scripts(root, plan.copies)
    jobs = {
        entry.id: Imported(entry.id, entry.job, entry.ours.id if entry.ours else None)
        for entry in plan.entries
    }
    record = path.with_suffix(SUFFIX)
    written: list[Path] = []
    try:
        for one, text in [(record, as_json(jobs)), *zip(paths, texts, strict=True)]:
            write_atomically(one, text)
            written.append(one)
        _check_registry(root, paths, jobs)
    except (ExpectedError, OSError) as error:
        for one in reversed(written):
            one.unlink(missing_ok=True)
        if isinstance(error, OSError):
            text = _("{file} cannot be written: {reason}", file=str(path), reason=error.strerror)
            raise ExpectedError(text) from error
        raise
    return paths


def as_yaml(entries: Sequence[PlannedEntry]) -> Iterator[str]:
    """Yield the texts of the files that hold some entries."""
    head = HEAD + _comment(
        _("Imported from an old scheduler. Nothing here runs by itself until it is enabled: "
          "python3 scheduler_manager.py import --enable JOB"), ""
    ) + "tasks:\n"  # fmt: skip
    pieces: list[str] = []
    size = 0
    for entry in entries:
        piece = _entry(entry)
        length = len(piece.encode())
        if pieces and size + length > LARGEST:
            yield head + "\n".join(pieces)
            pieces, size = [], 0
        pieces.append(piece)
        size += length
    if pieces:
        yield head + "\n".join(pieces)


def _entry(entry: PlannedEntry) -> str:
    lines = _comment(str(entry.job.place), "  ")
    if entry.ours is not None:
        lines += _comment(
            _("Beside {ours} ({place}): keep that one and remove this entry, or enable this one "
              "and write 'enabled: false' there.", ours=entry.ours.id,
              place=f"{entry.ours.file}:{entry.ours.line}"), "  "
        )  # fmt: skip
    if entry.script.found is None:
        lines += _comment(
            _("The script {old} was not on this machine: put it in place of the placeholder.",
              old=entry.script.old), "  "
        )  # fmt: skip
    # A day is text for the registry, which needs no quotes.
    keys = [
        f"{key}: {value if key == 'start' else _value(value)}"
        for key, value in entry.values.items()
    ]
    return f"{lines}  - {keys[0]}\n" + "".join(f"    {line}\n" for line in keys[1:])


def _comment(text: str, indent: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"{indent}# {plain}\n"


def _value(value: Any) -> str:
    """Write a value on one line, quoted where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    style = '"' if isinstance(value, str) and (not value.isprintable() or " *" in value) else None
    text: str = yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, width=WIDE, default_style=style
    )
    return text.removesuffix("...\n").strip().replace("\n", " ")


def _check_read_back(texts: Sequence[str], entries: Sequence[PlannedEntry]) -> None:
    """Raise when the registry would read other values than are meant."""
    problems: list[Problem] = []
    found: list[Mapping[str, Any]] = []
    for number, text in enumerate(texts):
        for entry in read_entries(f"{number}.yaml", text.encode(), "tasks", problems):
            value, wrong = entry.value()
            problems += wrong
            found.append(value)
    if problems or found != [dict(entry.values) for entry in entries]:
        reason = str(problems[0]) if problems else next(
            (one["id"] for one, entry in zip(found, entries, strict=False) if one != entry.values),
            "",
        )  # fmt: skip
        raise ExpectedError(
            _(
                "nothing is written: the entries would not be read as they are meant, by a fault "
                "of the scheduler ({reason})",
                reason=reason,
            )
        )


def _check_registry(root: Path, paths: Sequence[Path], jobs: Mapping[str, Imported]) -> None:
    registry = load_registry(root)
    files = {str(path.relative_to(root)) for path in paths}
    wrong = [problem for problem in registry.problems if problem.file in files]
    if wrong or not registry.jobs.keys() >= jobs.keys():
        reason = str(wrong[0]) if wrong else ", ".join(sorted(jobs.keys() - registry.jobs.keys()))
        raise ExpectedError(
            _("nothing is written: the entries would not pass `check` ({reason})", reason=reason)
        )

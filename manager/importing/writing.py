"""Writes what is planned: the scripts, then the record, and last the entries that need both."""

from __future__ import annotations

from itertools import chain, count, groupby, islice
from typing import TYPE_CHECKING, Any

import yaml

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.registry import load_registry
from include.registry.entries import read_entries
from include.registry.paths import TASKS_FOLDER
from manager.importing.planning import identity_of
from manager.importing.record import SUFFIX, as_json, read_record, write_atomically, writing
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
            "--out {out!r} is no file of {folder} that is read: write it like {example}", out=out,
            folder=TASKS_FOLDER, example=DEFAULT_OUT
        )  # fmt: skip
    return path


def free_paths(root: Path, path: Path) -> Iterator[Path]:
    """Yield a path and numbered ones beside it: those of which no file, nor its record, is there.

    A record without entries is what a killed import has left, and is written again.
    """
    jobs = load_registry(root).jobs
    numbered = (path.with_name(f"{path.stem}_{number}.yaml") for number in count(2))
    for one in chain([path], numbered):
        record = one.with_suffix(SUFFIX)
        if not one.exists() and not (record.exists() and read_record(record).keys() & jobs.keys()):
            yield one


def write(root: Path, plan: Plan, path: Path) -> list[Path]:
    """Write a plan; nothing that is there is overwritten, and entries come last.

    Each file of entries has a record of its own, which is written before it: whenever this is
    killed, what was written is an import of its own, and the next one brings the rest.

    Args:
        root: the project root.
        plan: what `make_plan` has returned.
        path: what `check_out` has returned.

    Returns:
        the files with the entries; none where there are only scripts to write.

    Raises:
        ExpectedError: a file cannot be written, or what was written would not pass `check`.
    """
    parts = list(parts_of(plan.entries))
    paths = list(islice(free_paths(root, path), len(parts))) if parts else []
    _check_read_back(parts)
    write_scripts(root, plan.copies)
    written: list[Path] = []
    try:
        with writing(ExpectedError, path):
            for one, (entries, text) in zip(paths, parts, strict=True):
                records = {entry.id: entry.record for entry in entries}
                for file, said in ((one.with_suffix(SUFFIX), as_json(records)), (one, text)):
                    write_atomically(file, said.encode())
                    written.append(file)
            if paths:
                _check_registry(root, paths, {entry.id for entry in plan.entries})
    except ExpectedError:
        for one in reversed(written):
            one.unlink(missing_ok=True)
        raise
    return paths


def parts_of(entries: Sequence[PlannedEntry]) -> Iterator[tuple[list[PlannedEntry], str]]:
    """Yield the entries of each file that is written, and its text; those of one job together."""
    head = HEAD + _comment(
        _("Imported from an old scheduler. Nothing here runs by itself until it is enabled: "
          "python3 scheduler_manager.py import --enable JOB"), ""
    ) + "tasks:\n"  # fmt: skip
    part: list[PlannedEntry] = []
    pieces: list[str] = []
    size = 0
    for _job, group in groupby(entries, lambda one: (one.job.place, identity_of(one.job))):
        some = list(group)
        texts = [_entry(entry) for entry in some]
        length = len("".join(texts).encode())
        if part and size + length > LARGEST:
            yield part, head + "\n".join(pieces)
            part, pieces, size = [], [], 0
        part += some
        pieces += texts
        size += length
    if part:
        yield part, head + "\n".join(pieces)


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
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # PyYAML can be built without libyaml
    text: str = yaml.dump(
        value,
        Dumper=dumper,
        allow_unicode=True,
        default_flow_style=True,
        width=WIDE,
        default_style=style,
    )
    return text.removesuffix("...\n").strip().replace("\n", " ")


def _check_read_back(parts: Sequence[tuple[Sequence[PlannedEntry], str]]) -> None:
    """Raise when the registry would read other values than are meant."""
    problems: list[Problem] = []
    found: list[Mapping[str, Any]] = []
    entries = [entry for some, _text in parts for entry in some]
    for number, (_entries, text) in enumerate(parts):
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
            "nothing is written: the entries would not be read as they are meant, by a fault of "
            "the scheduler ({reason})", reason=reason
        )  # fmt: skip


def _check_registry(root: Path, paths: Sequence[Path], jobs: set[str]) -> None:
    registry = load_registry(root)
    files = {str(path.relative_to(root)) for path in paths}
    wrong = [problem for problem in registry.problems if problem.file in files]
    if wrong or not registry.jobs.keys() >= jobs:
        reason = str(wrong[0]) if wrong else ", ".join(sorted(jobs - registry.jobs.keys()))
        raise ExpectedError(
            "nothing is written: the entries would not pass `check` ({reason})", reason=reason
        )

"""The scripts that old jobs run: where they are on this machine, and where each goes.

It goes below `include/scripts/imported/`, with the folders that it has in the old system, and with
the modules beside it that it imports. What is not on this machine has a placeholder, which ends
every run with exit code 78 until the script is put in its place.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import ExpectedError, reason_of
from include.registry.checks.scripts import PLACEHOLDER, is_placeholder
from include.registry.paths import SCRIPTS
from manager.importing.old_jobs import Finding
from manager.importing.record import write_atomically
from manager.importing.script_access import DRIVE, refusal
from manager.importing.script_findings import facts_of, modules_of
from manager.importing.source_text import UnreadableSourceError, is_file, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manager.importing.old_jobs import OldJob

IMPORTED = "imported"
LONGEST_PART = 60
# Of a missing script: both languages, since it imports nothing of ours.
PROGRAM = """{mark}
\"\"\"Stands for a script that was not on this machine when its job was imported.

导入任务时本机没有旧脚本，先由这个文件占位。
\"\"\"

import sys

OLD = {old}
print(f"put the old script {{OLD}} in place of this file: {{__file__}}", file=sys.stderr)
print(f"请用旧脚本 {{OLD}} 替换这个占位文件：{{__file__}}", file=sys.stderr)
sys.exit(78)
"""


@dataclass(frozen=True)
class ScriptCopy:
    """One script of the old system.

    Attributes:
        old: its path, as it stands there.
        new: its path here, below include/scripts.
        found: where it is on this machine; None where it is not.
        modules: the files that it imports from its folder, each with its path here.
    """

    old: str
    new: str
    found: Path | None = None
    modules: tuple[tuple[Path, str], ...] = ()


@dataclass
class ScriptFinder:
    """Finds the scripts of old jobs.

    Attributes:
        root: the project root.
        folders: where the sources are; scripts are looked for in, and below, them.
        copies: whether they are copied.
        findings: which scripts are here and are not copied, with the reason.
    """

    root: Path
    folders: Sequence[Path]
    copies: bool = True
    findings: list[Finding] = field(default_factory=list)
    _listed: dict[Path, dict[str, Path]] = field(default_factory=dict)

    def plan(self, jobs: Sequence[OldJob]) -> dict[str, ScriptCopy]:
        """Return what is done with each script, by `key_of` of its job."""
        by_key = {key_of(job): job for job in reversed(jobs) if job.script}
        parts = {key: _parts(_full_path(job)) for key, job in sorted(by_key.items())}
        common = _common([one[:-1] for one in parts.values()])
        copies: dict[str, ScriptCopy] = {}
        taken: dict[str, Path | None] = {}
        for key, job in sorted(by_key.items()):
            found = self.find(job) if self.copies else None
            new = self._free("/".join((IMPORTED, *parts[key][common:])), found, taken)
            taken[new] = found
            modules = self._modules(found, new, taken) if found else ()
            copies[key] = ScriptCopy(_full_path(job), new, found, modules)
        return copies

    def late(self, jobs: Iterable[tuple[OldJob, str]]) -> Iterator[ScriptCopy]:
        """Yield the scripts that are here now, of jobs whose script is still a placeholder.

        Args:
            jobs: each with its script here, below include/scripts.
        """
        done: set[str] = set()
        for job, new in jobs:
            if new in done or not self.copies or not is_placeholder(self.root / SCRIPTS / new):
                continue
            done.add(new)
            if found := self.find(job):
                taken: dict[str, Path | None] = {new: found}
                yield ScriptCopy(_full_path(job), new, found, self._modules(found, new, taken))

    def find(self, job: OldJob) -> Path | None:
        """Return where a job's script is on this machine; None for one that is not copied."""
        written, refused = _full_path(job), None
        for path in self._candidates(job, written):
            reason = refusal(path, job, written, self.root, self.folders)
            if reason is None:
                return path
            refused = refused or reason
        if refused:
            self.findings.append(Finding(job.place, refused))
        return None

    def _candidates(self, job: OldJob, written: str) -> Iterator[Path]:
        """Yield the files that may be a job's script, the likeliest first."""
        if not DRIVE.match(written):
            plain = Path(written.replace("\\", "/"))
            nearby = [Path(job.place.file).parent, *self.folders]
            for base in nearby if not plain.is_absolute() else [Path()]:
                if is_file(base / plain):
                    yield (base / plain).absolute()
        elif (drive := DRIVE.match(written)) is not None:  # as WSL shows the drives of Windows
            mounted = Path("/mnt", drive[1].lower(), *_raw_parts(written))
            if is_file(mounted):
                yield mounted
        parts = _raw_parts(written)
        for count in range(len(parts), 0, -1):
            for folder in self.folders:
                if found := self._below(folder, parts[-count:]):
                    yield found
                if count > 1 and (found := self._below(folder.parent, parts[-count:])):
                    yield found

    def _below(self, folder: Path, parts: Sequence[str]) -> Path | None:
        """Return a file below a folder, whatever the case of its name."""
        path = folder.absolute()
        for part in parts:
            if path not in self._listed:
                try:
                    self._listed[path] = {one.name.casefold(): one for one in path.iterdir()}
                except OSError:
                    self._listed[path] = {}
            exact = path / part
            names = self._listed[path]
            if part.casefold() not in names:
                return None
            path = exact if os.path.lexists(exact) else names[part.casefold()]
        return path if is_file(path) else None

    def _free(self, new: str, found: Path | None, taken: dict[str, Path | None]) -> str:
        """Return a path here that is free, or holds the same script already."""
        stem, dot, suffix = new.rpartition(".")
        candidate, number = new, 2
        while candidate in taken or not self._may_write(candidate, found):
            candidate = f"{stem}_{number}{dot}{suffix}" if stem else f"{new}_{number}"
            number += 1
        return candidate

    def _may_write(self, new: str, found: Path | None) -> bool:
        path = self.root / SCRIPTS / new
        if not os.path.lexists(path):
            return True
        if is_placeholder(path) or (found is None and not self.copies):
            return True
        return found is not None and _same(path, found)

    def _modules(
        self, script: Path, new: str, taken: dict[str, Path | None]
    ) -> tuple[tuple[Path, str], ...]:
        """Return the modules that are copied with a script, each with its path here."""
        found = []
        for path in modules_of(script):
            there = f"{new.rpartition('/')[0]}/{path.relative_to(script.parent).as_posix()}"
            if taken.get(there, path) != path or not self._may_write(there, path):
                continue
            if facts_of(path).encoding is None:
                self.findings += facts_of(path).findings
                continue
            taken[there] = path
            found.append((path, there))
        return tuple(found)


def write_scripts(root: Path, copies: Iterable[ScriptCopy]) -> None:
    """Copy the scripts, byte for byte, and write the placeholders.

    Raises:
        ExpectedError: a file cannot be written.
    """
    for copy in copies:
        files = [(copy.found, copy.new), *copy.modules]
        for source, new in files:
            path = root / SCRIPTS / new
            if source is None and os.path.lexists(path):
                continue
            text = PROGRAM.format(mark=PLACEHOLDER, old=ascii(copy.old)).encode()
            try:
                raw = read_bytes(source) if source else text
                write_atomically(path, raw, _mode_of(source, path), is_forced=False)
            except OSError as error:
                raise ExpectedError(
                    "{file} cannot be written: {reason}; no entry is written", file=str(path),
                    reason=reason_of(error)
                ) from error  # fmt: skip
    os.sync()  # once for all: thousands would take minutes


def _mode_of(source: Path | None, new: Path) -> int:
    """Return the rights of a copy: who may not read the script may not read that either."""
    if source is None:
        return 0o755
    mode = 0o755 if os.access(source, os.X_OK) or new.suffix != ".py" else 0o644
    readers = source.stat().st_mode & 0o044
    return mode & (0o700 | readers | readers >> 2)


def key_of(job: OldJob) -> str:
    """Return what tells the scripts of two jobs apart: the full path, and for Windows no case."""
    path = _full_path(job)
    normal = "/".join(_raw_parts(path))
    return normal.casefold() if "\\" in path or DRIVE.match(path) else path


def _full_path(job: OldJob) -> str:
    script = job.script or ""
    if job.cwd and not script.startswith(("/", "\\", "~")) and not DRIVE.match(script):
        return f"{job.cwd.rstrip('/')}/{script}" if "\\" not in job.cwd else f"{job.cwd}\\{script}"
    return script


def _raw_parts(path: str) -> list[str]:
    """Return the folders and the name of a path of either system, without its drive."""
    found: list[str] = []
    for part in re.split(r"[/\\]+", DRIVE.sub("", path, count=1)):
        if part == ".." and found:
            found.pop()
        elif part not in ("", ".", "..", "~"):
            found.append(part)
    return found


def _parts(path: str) -> list[str]:
    """Return the same as names of files here."""
    return [_name(part) for part in _raw_parts(path)] or ["script.py"]


def _common(folders: Sequence[Sequence[str]]) -> int:
    count = 0
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        count += 1
    return count


def _name(part: str) -> str:
    clean = "".join(sign if sign.isprintable() and sign not in ':*?"<>|' else "_" for sign in part)
    clean = clean.strip() or "_"
    clean = clean.encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST_PART else clean[-LONGEST_PART:].lstrip(".")


def _same(one: Path, other: Path) -> bool:
    try:
        return read_bytes(one) == read_bytes(other)
    except UnreadableSourceError:
        return False

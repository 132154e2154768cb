"""Make `.venv` and keep it in step with the pinned requirements; standard library only.

A stamp file in `.venv` names the requirements file's hash and is written last, so a changed lock is
installed again. A mark written first tells of an install that was cut short; that one starts
again from nothing, because pip takes a half-copied package for an installed one.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from include.errors import ConfigurationError, ExpectedError
from include.language import _
from manager.layout import Layout, exclusive, log_end

NEWEST_PYTHON = (3, 13)  # the newest one that requirements.txt is pinned for
REQUIREMENTS = "requirements.txt"
CLUSTER = "requirements-cluster.txt"
DEVELOPMENT = "requirements-dev.txt"
# A package of a lock with its hashes, which stand on lines of their own.
PACKAGE = re.compile(r"^[^#\s-].*(?:\n[ \t]+.*)*", re.MULTILINE)
OPTION = re.compile(r"^-", re.MULTILINE)
MOST_PIPS, FEWEST_OF_A_PIP = 4, 10
WRITABLE_BY_OTHERS = 0o022  # who can write what runs here, runs it as this user


def ensure(layout: Layout, *, development: bool = False) -> None:
    """Install what is not installed yet; returns at once when nothing changed.

    Args:
        layout: where the project and its `.venv` are.
        development: also what the tests need, and what the containers that they try run on.

    Raises:
        ConfigurationError: this Python cannot make a virtual environment.
        ExpectedError: a package could not be installed.
    """
    wanted = [layout.root / REQUIREMENTS]
    if development:
        wanted += [layout.root / CLUSTER, layout.root / DEVELOPMENT]
    if not _missing(layout, wanted):
        return
    layout.make_var()
    before = os.umask(WRITABLE_BY_OTHERS)
    os.umask(before | WRITABLE_BY_OTHERS)
    try:
        _install_all(layout, wanted)
    finally:
        os.umask(before)


def _install_all(layout: Layout, wanted: list[Path]) -> None:
    with exclusive(layout.venv / ".lock", _("installing packages")):
        missing = _missing(layout, wanted)  # again: the one we waited for may have done it
        if not missing:
            return
        if (layout.venv / ".installing").exists() or not _has_pip(layout.python):
            _make_venv(layout)
        for requirements in missing:
            _install(layout, requirements)


def usable(layout: Layout) -> bool:
    """Return whether some install was completed here, be it an older one."""
    return layout.python.exists() and any(layout.venv.glob(".requirements-*"))


def stamp(layout: Layout, requirements: Path) -> Path:
    """Return the file that says that `requirements`, as it is now, was installed."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    return layout.venv / f".{requirements.stem}-{digest}"


def _missing(layout: Layout, wanted: list[Path]) -> list[Path]:
    if not layout.python.exists():  # also when the system's Python under it was replaced
        return wanted
    return [path for path in wanted if not stamp(layout, path).exists()]


def _has_pip(python: Path) -> bool:
    if not python.exists():
        return False
    done = subprocess.run(
        [python, "-I", "-m", "pip", "--version"], capture_output=True, check=False
    )
    return done.returncode == 0


def _make_venv(layout: Layout) -> None:
    """Make `.venv` from nothing with the Python that runs this."""
    version = "{}.{}".format(*sys.version_info)
    if sys.version_info[:2] > NEWEST_PYTHON:
        newest = "{}.{}".format(*NEWEST_PYTHON)
        raise ConfigurationError(
            "python {version} is newer than what the packages are pinned for (3.10 to {newest}): "
            "install Python {newest} and run `python{newest} scheduler_manager.py` instead",
            version=version,
            newest=newest,
        )
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        raise ConfigurationError(
            "python {version} here cannot make virtual environments (no venv/ensurepip module): "
            "run `sudo apt install python{version}-venv` (Debian, Ubuntu), then this command again",
            version=version,
        )
    for child in layout.venv.iterdir():
        if child.name != ".lock":
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    # sys.executable may itself be .venv's python, which was just removed; its base never is.
    base = Path(sys.base_prefix) / "bin" / f"python{version}"
    command = [base if base.exists() else sys.executable, "-I", "-m", "venv", layout.venv]
    phase(
        layout,
        _("making {venv} with Python {version}", venv=layout.shown(layout.venv), version=version),
        command,
    )


def _install(layout: Layout, requirements: Path) -> None:
    """Install one pinned file, between the mark and the stamp."""
    for old in layout.venv.glob(f".{requirements.stem}-" + "[0-9a-f]" * 16):
        old.unlink()
    mark = layout.venv / ".installing"
    mark.touch()
    # Without a search for dependencies: the lock names every one, also those of extras, which pip
    # would look for in versions that are not pinned.
    options = ["--no-deps", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    pip: list[Path | str] = [layout.python, "-I", "-m", "pip", "install", *options]
    pip += ["--progress-bar", "off", "-r"]
    # Not how many: the lock is for all systems, and pip leaves out what this one does not need.
    title = _("installing the packages of {name}", name=requirements.name)
    parts = _parts(layout, requirements)
    phase(layout, title, *([*pip, part] for part in parts))
    for part in set(parts) - {requirements}:
        part.unlink()
    stamp(layout, requirements).touch()
    mark.unlink()


def _parts(layout: Layout, requirements: Path) -> list[Path]:
    """Write a lock as files of some of its packages each, for one pip per processor.

    A pip spends most of its time looking through lists of versions, on one processor. No two
    packages of the locks have a file in common, so those that install side by side do not meet.

    Returns:
        the files, or the lock itself where it is short or has options, which stand for all of it.
    """
    text = requirements.read_text("utf-8")
    packages = PACKAGE.findall(text)
    count = min(os.cpu_count() or 1, MOST_PIPS, len(packages) // FEWEST_OF_A_PIP)
    if count < 2 or OPTION.search(text):  # noqa: PLR2004 -- one would be the lock
        return [requirements]
    parts = [layout.venv / f".part-{number}-of-{requirements.name}" for number in range(count)]
    for number, part in enumerate(parts):
        part.write_text("\n".join(packages[number::count]), "utf-8")
    return parts


def phase(layout: Layout, title: str, *commands: Sequence[Path | str]) -> None:
    """Run one step, its commands side by side, their output in the install log; one line here."""
    log = layout.logs / "install.log"
    started = time.monotonic()
    line = _("{title} ...", title=title)
    print(line, end="", flush=True)
    with log.open("ab") as file:
        file.write(f"\n== {title}\n".encode())
        codes = _run(commands, file, line)
    failed = next(filter(None, codes), 0)
    if not failed:
        rewind = f"\r{line}" if sys.stdout.isatty() else ""
        took = _(" done in {seconds:.0f} s", seconds=time.monotonic() - started)
        print(rewind + took, flush=True)
        return
    print(_(" failed"), flush=True)
    raise ExpectedError(
        "{end}{title} failed with exit code {code}; the lines above end {log}: repair "
        "the cause (network, disk space, pip's index-url), then run the same command again",
        end=log_end(log),
        title=title,
        code=failed,
        log=layout.shown(log),
    )


def _run(commands: Sequence[Sequence[Path | str]], log: IO[bytes], line: str) -> list[int]:
    """Run commands side by side, and a counter on a terminal; return their exit codes."""
    started = time.monotonic()
    with ExitStack() as files:
        # Each has an output of its own: in the log, lines of several would mix.
        outputs = [files.enter_context(TemporaryFile()) for _command in commands]
        running = [
            subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            for command, output in zip(commands, outputs, strict=True)
        ]
        try:
            while any(process.poll() is None for process in running):
                time.sleep(0.2)
                if sys.stdout.isatty():
                    took = f"{time.monotonic() - started:.0f} s"
                    print(f"\r{line} {took}", end="", flush=True)
        finally:
            codes = []
            for process in running:  # after Ctrl-C pip must not go on behind the user's back
                process.kill()
                codes.append(process.wait())
            # What failed comes last, where it is looked for.
            for _code, output in sorted(
                zip(codes, outputs, strict=True), key=lambda one: one[0] != 0
            ):
                output.seek(0)
                shutil.copyfileobj(output, log)
    return codes

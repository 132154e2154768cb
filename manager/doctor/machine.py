"""The ports, the disk, and who may read what is secret."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from include.errors import ConfigurationError
from include.housekeeping.files import size
from include.language import N_, _
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at, repaired_by_start
from manager.layout import Layout
from manager.lifecycle.ports import check_free
from manager.lifecycle.processes import service_processes

SHOWN = 3
RUN_FROM = ("scheduler_manager.py", "config", "dags", "include", "manager", "plugins", "sandbox")
# Less than this is soon used up by a day's logs and a vacuum.
LITTLE_BYTES, TOO_LITTLE_BYTES = 1_000_000_000, 100_000_000


@looks_at(N_("ports"))
def check_ports(patient: Patient) -> Iterator[Finding]:
    """See whether the service has its ports, or could have them."""
    wanted = patient.ports.listening
    ours = {
        connection.laddr.port
        for process in service_processes(patient.layout)
        for connection in _listening(process)
    }
    if not patient.runs:
        yield _before_start(patient, ours)
        return
    for component, port in wanted.items():
        if port in ours:
            yield Finding(OK, _("{port} is the {component}'s", port=port, component=component))
        else:
            remedy = _("see `{manager} status`; `restart` starts it again")
            yield Finding(
                FAIL,
                _("the {component} does not listen on {port}", component=component, port=port),
                remedy,
            )


def _before_start(patient: Patient, left: set[int]) -> Finding:
    """See whether a start would get its ports: what is left of the service it ends itself."""
    wanted = patient.ports.listening
    held = [port for port in wanted.values() if port in left]
    if held:
        text = _(
            "{held}: held by what is left of the service, whose supervisord has ended", held=held
        )
        return Finding(FAIL, text, repaired_by_start())
    try:
        check_free(patient.ports)
    except ConfigurationError as error:
        return Finding(FAIL, str(error))
    return Finding(OK, _("{names} are free", names=[*map(str, wanted.values())]))


@looks_at(N_("disk"))
def check_disk(patient: Patient) -> Iterator[Finding]:
    """See how much room is left where the service writes."""
    free = shutil.disk_usage(patient.layout.var).free
    where = patient.layout.shown(patient.layout.var)
    if free >= LITTLE_BYTES:
        yield Finding(OK, _("{size} free for {where}", size=size(free), where=where))
        return
    level = FAIL if free < TOO_LITTLE_BYTES else WARN
    remedy = _(
        "make room, or keep less (HOUSEKEEPING_* in config/tasks/service.yaml) and run `{manager} "
        "run housekeeping`"
    )
    yield Finding(level, _("only {size} free for {where}", size=size(free), where=where), remedy)


@looks_at(N_("file modes"))
def check_modes(patient: Patient) -> Iterator[Finding]:
    """See that nobody else can read keys, passwords and data."""
    layout = patient.layout
    wrong = [
        finding
        for path, mode in ((layout.var, 0o700), (layout.secrets, 0o600), (layout.passwords, 0o600))
        for finding in _open_to_others(path, mode, layout.shown(path))
    ]
    yield from wrong
    writable = [path for path in _code(layout) if path.exists() and path.stat().st_mode & 0o002]
    if writable:
        shown = [layout.shown(path) for path in writable[:SHOWN]]
        template = N_("any user can write {paths}, and so run programs as you")
        if len(writable) > SHOWN:
            template = N_("any user can write {paths} and {more} more, and so run programs as you")
        text = _(template, paths=shown, more=len(writable) - SHOWN)
        tops = sorted({layout.shown(path).split("/")[0] for path in writable})
        tops = ["."] if "." in tops else tops
        yield Finding(FAIL, text, _("run `chmod -R o-w {names}`", names=" ".join(tops)))
    if not wrong and not writable:
        text = _("keys, passwords and data are their owner's only; no one else can write what runs")
        yield Finding(OK, text)


def _code(layout: Layout) -> Iterator[Path]:
    """Yield what the service runs, no deeper than a wrong umask shows."""
    root = layout.root
    yield from (root / name for name in (".", ".venv", *RUN_FROM))
    for name in RUN_FROM[1:]:
        yield from sorted((root / name).glob("*"))
    for pattern in ("bin", "bin/*", "lib/python*/site-packages", "lib/python*/site-packages/*"):
        yield from sorted(layout.venv.glob(pattern))


def _open_to_others(path: Path, mode: int, shown: str) -> Iterator[Finding]:
    if not path.exists():
        remedy = _("`{manager} start` makes it, `restore` brings one back")
        yield Finding(FAIL, _("{shown} is not there", shown=shown), remedy)
    elif (found := path.stat().st_mode & 0o777) & 0o077:
        text = _("{shown} has mode {found:04o}: other users can reach it", shown=shown, found=found)
        yield Finding(FAIL, text, _("run `chmod {mode:o} {shown}`", mode=mode, shown=shown))


def _listening(process: psutil.Process) -> list[Any]:
    try:
        found = process.net_connections("tcp")
    except psutil.Error:  # it has ended meanwhile
        return []
    return [connection for connection in found if connection.status == psutil.CONN_LISTEN]

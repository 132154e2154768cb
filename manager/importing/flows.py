"""Reads the home-made scheduler on Prefect: `scheduler_config.py` with `scheduler_flows.py`.

By their text alone: nothing of them is imported or executed, whatever they hold. The entries of
`TASK_CONFIGS` are literal, or put together of literals.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.language import _
from include.text import quoted
from manager.importing.flow_functions import flow_nodes, flows_of, jobs_of, runners_of
from manager.importing.literals import NotLiteralError
from manager.importing.old_jobs import Finding, OldJob, OldSchedule, Place, Read
from manager.importing.programs import Program, not_literal, parse_program
from manager.importing.source_text import is_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manager.importing.old_jobs import Flow

CONFIGS = "TASK_CONFIGS"
KEYS = ("flow", "name", "cron", "description", "tags", "enabled", "timezone")
# What changes a list in place.
CHANGES = ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update")
# Calls of Prefect that may name a time zone for all.
ZONE_GIVERS = ("CronSchedule", "Cron", "to_deployment", "serve", "deploy")


def read(files: Sequence[str]) -> Read:
    """Read the configuration and the flows of one scheduler.

    Args:
        files: the paths of its programs, as the user wrote them; which holds what is found out.
    """
    findings: list[Finding] = []
    programs = [one for file in files if (one := parse_program(file, findings)) is not None]
    programs += _beside(programs, findings)
    runners = runners_of(programs)
    every = [flow for program in programs for flow in flows_of(program, runners)]
    flows = {flow.function: flow for flow in every}
    zone = _zone_of_all(programs, findings)
    jobs: list[OldJob] = []
    with_entries = [program for program in programs if program.names(CONFIGS)]
    for program in with_entries:
        jobs += _TaskConfigs(program, flows, zone).jobs()
    if programs and not with_entries and not every:
        where = Place(programs[0].file)
        text = _("there is no {name} in {files}: name the file that has it, too", name=CONFIGS,
                 files=[program.file for program in programs])  # fmt: skip
        findings.append(Finding(where, text))
    return Read(tuple(jobs), tuple(dict.fromkeys(findings)), tuple(every))


def _beside(programs: Sequence[Program], findings: list[Finding]) -> list[Program]:
    """Return the programs with flows that some import from their own folder."""
    known = {Path(program.file).absolute() for program in programs}
    found: list[Program] = []
    for program in [*programs]:
        for module in program.modules():
            path = Path(program.file).parent / f"{module.replace('.', '/')}.py"
            if path.absolute() in known or not is_file(path):
                continue
            known.add(path.absolute())
            # What cannot be read is missed where one of its flows is named.
            one = parse_program(str(path), [])
            if one is not None and (runners_of([one]) or any(flow_nodes(one))):
                one.findings = findings
                found.append(one)
    return found


def _zone_of_all(programs: Sequence[Program], findings: list[Finding]) -> str | None:
    """Return the time zone that the schedules are made with; None where the programs name none."""
    zones: dict[str, Place] = {}
    for program in programs:
        for node in ast.walk(program.tree):
            if not isinstance(node, ast.Call) or _called(node) not in ZONE_GIVERS:
                continue
            values = [program.value(one.value) for one in node.keywords if one.arg == "timezone"]
            for value in values:
                if isinstance(value, str):
                    zones.setdefault(value, program.place(node))
    if len(zones) > 1:
        text = _("schedules are made with several time zones, and it is unknown whose is which: "
                 "{zones}; none is carried over", zones=list(zones))  # fmt: skip
        findings.append(Finding(next(iter(zones.values())), text))
        return None
    return next(iter(zones), None)


def _called(node: ast.Call) -> str:
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


class _TaskConfigs:
    """Reads the entries of one program's TASK_CONFIGS."""

    def __init__(self, program: Program, flows: Mapping[str, Flow], zone: str | None) -> None:
        self.program = program
        self.flows = flows
        self.zone = zone

    def jobs(self) -> Iterator[OldJob]:
        """Yield a job of each script that an entry's flow runs."""
        for node in self._entries():
            given = self._fields(node)
            if given is not None:
                yield from self._jobs_of(node, given)

    def _entries(self) -> Iterator[ast.expr]:
        """Yield the expressions of the entries; what adds some as it runs is a finding."""
        for statement in self.program.tree.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                targets = _targets(statement)
                named = any(isinstance(one, ast.Name) and one.id == CONFIGS for one in targets)
                if named and statement.value is not None:
                    yield from self._elements(statement.value)
                elif any(CONFIGS in _bases(one) for one in targets):
                    self._not_literal(statement)
            elif isinstance(statement, ast.AugAssign) and CONFIGS in _bases(statement.target):
                yield from self._elements(statement.value)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                yield from self._added(statement.value)
            elif _changes_configs(statement):
                self._not_literal(statement)

    def _added(self, call: ast.Call) -> Iterator[ast.expr]:
        func = call.func
        if not isinstance(func, ast.Attribute) or CONFIGS not in _bases(func.value):
            return
        if func.attr == "append" and len(call.args) == 1 and isinstance(func.value, ast.Name):
            yield call.args[0]
        elif func.attr == "extend" and len(call.args) == 1 and isinstance(func.value, ast.Name):
            yield from self._elements(call.args[0])
        elif func.attr in CHANGES:
            self._not_literal(call)

    def _elements(self, node: ast.expr, depth: int = 0) -> Iterator[ast.expr]:
        """Yield the items of a list, also where it is put together of others."""
        if depth > 20:  # noqa: PLR2004 -- nobody nests lists so deep
            self._not_literal(node)
        elif isinstance(node, (ast.List, ast.Tuple)):
            for one in node.elts:
                if isinstance(one, ast.Starred):
                    yield from self._elements(one.value, depth + 1)
                else:
                    yield one
        elif isinstance(node, ast.Dict) and all(isinstance(one, ast.Dict) for one in node.values):
            yield from node.values
        elif isinstance(node, ast.Name) and node.id in self.program.constants:
            yield from self._elements(self.program.constants[node.id], depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._elements(node.left, depth + 1)
            yield from self._elements(node.right, depth + 1)
        else:
            self._not_literal(node)

    def _not_literal(self, node: ast.AST) -> None:
        text = _("{name} is not literal here, so that its jobs are known only to the running "
                 "program: name Prefect's database (prefect.db) or the address of its API, too, "
                 "which know them", name=CONFIGS)  # fmt: skip
        self.program.note(node, text)

    def _fields(self, node: ast.expr) -> dict[str, ast.expr] | None:
        """Return the keys of an entry with their expressions; None where it is no entry."""
        if isinstance(node, ast.Name) and node.id in self.program.constants:
            node = self.program.constants[node.id]
        if isinstance(node, ast.Call) and not node.args:
            pairs = [(one.arg, one.value) for one in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [(self._key(key), one) for key, one in zip(node.keys, node.values, strict=True)]
        else:
            self._not_literal(node)
            return None
        found: dict[str, ast.expr] = {}
        for name, one in pairs:
            base = self.program.constants.get(one.id) if isinstance(one, ast.Name) else one
            if name is None and isinstance(base, ast.Dict) and base is not node:  # `**COMMON`
                found |= {
                    key: value
                    for raw, value in zip(base.keys, base.values, strict=True)
                    if (key := self._key(raw)) is not None
                }
            elif name is None:
                self._not_literal(one)
            else:
                found[name] = one
        return found

    def _key(self, node: ast.expr | None) -> str | None:
        value = self.program.value(node) if node is not None else None
        return value if isinstance(value, str) else None

    def _jobs_of(self, node: ast.expr, given: dict[str, ast.expr]) -> Iterator[OldJob]:
        before = len(self.program.findings)
        for key, value in given.items():
            if key not in KEYS:
                self.program.note(value, _("key {key!r} is not carried over", key=key))
        flow = self._flow_of(given, node)
        cron = self._value(given, "cron", str)
        zone = self._value(given, "timezone", str) or self.zone
        enabled = self._value(given, "enabled", bool)
        tags = self._value(given, "tags", list) or []
        name = self._value(given, "name", str) or (flow.name if flow else "")
        if not name:
            text = _("this entry has neither a name nor a flow that is known: it is not read")
            self.program.note(node, text)
            return
        job = OldJob(
            name=name,
            place=self.program.place(node),
            schedules=(OldSchedule(cron=cron, timezone=zone),) if cron else (),
            description=self._value(given, "description", str)
            or (flow.description if flow else ""),
            tags=tuple(str(tag) for tag in tags if isinstance(tag, (str, int))),
            is_enabled=enabled is not False,
            entrypoint=f"{Path(flow.place.file).name}:{flow.function}" if flow else None,
            deployment=f"{flow.name}/{name}" if flow else None,
            notes=tuple(one.text for one in self.program.findings[before:]),
        )
        yield from jobs_of(job, flow)

    def _flow_of(self, given: dict[str, ast.expr], entry: ast.expr) -> Flow | None:
        node = given.get("flow")
        name = ""
        if isinstance(node, ast.Name):
            name = self.program.imported.get(node.id, node.id)
        elif isinstance(node, ast.Attribute):
            name = node.attr
        elif node is not None and isinstance(value := self.program.value(node), str):
            name = value.rpartition(":")[2].rpartition(".")[2]
        flow = self.flows.get(name) or next(
            (one for one in self.flows.values() if one.name == name), None
        )
        if flow is None:
            said = _("it names no flow")
            if name:
                said = _("flow {flow!r} is in none of the files: name the file that has it, too "
                         "(scheduler_flows.py)", flow=name)  # fmt: skip
            self.program.note(entry, said)
        return flow

    def _value(self, given: dict[str, ast.expr], key: str, kind: type) -> Any:
        """Return a key's value; None where there is none, or none that is known."""
        if key not in given:
            return None
        try:
            value = self.program.literals.value(given[key])
        except (NotLiteralError, RecursionError):
            self.program.note(given[key], not_literal(key))
            return None
        if value is not None and not isinstance(value, kind):
            text = _("{key} is {value}, which is not carried over", key=key,
                     value=quoted(value))  # fmt: skip
            self.program.note(given[key], text)
            return None
        return value


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _bases(node: ast.AST) -> set[str]:
    """Return the name that `NAME[0]["enabled"]` begins with."""
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _changes_configs(statement: ast.stmt) -> bool:
    """Return whether a loop, a condition or a function changes TASK_CONFIGS."""
    for node in ast.walk(statement):
        is_stored = isinstance(node, (ast.Name, ast.Subscript)) and isinstance(node.ctx, ast.Store)
        if is_stored and CONFIGS in _bases(node):
            return True
        changes = isinstance(node, ast.Attribute) and node.attr in CHANGES
        if changes and CONFIGS in _bases(node):
            return True
    return False

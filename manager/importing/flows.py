"""Reads the home-made scheduler on Prefect: `scheduler_config.py` with `scheduler_flows.py`.

By their text alone: nothing of them is imported or executed, whatever they hold.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from include.language import _
from manager.importing.flow_functions import flow_nodes, flows_of, runners_of
from manager.importing.old_jobs import Finding, OldJob, Place, Read
from manager.importing.programs import Program, parse_program
from manager.importing.source_text import is_file
from manager.importing.task_configs import CONFIGS, TaskConfigs

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        jobs += TaskConfigs(program, flows, zone).jobs()
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
            for keyword in node.keywords:
                if keyword.arg != "timezone":
                    continue
                value = program.value(keyword.value)
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

"""The `@flow` functions of a program, and the scripts that they run by `execute_script(...)`."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.language import _
from manager.importing.literals import Literals, NotLiteralError
from manager.importing.old_jobs import Flow, ScriptCall
from manager.importing.programs import FUNCTIONS, Program, calls_itself, constants_of, not_literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manager.importing.old_jobs import OldJob

    Function = ast.FunctionDef | ast.AsyncFunctionDef

EXECUTE_SCRIPT = "execute_script"
SCRIPT = "script_path"
STARTS = ("submit", "delay", "__call__", "fn", "apply_async")
REPEATS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.GeneratorExp)
LONGEST_SECONDS = 315_360_000  # ten years, as entries allow


def jobs_of(job: OldJob, flow: Flow | None) -> Iterator[OldJob]:
    """Yield a job for each script that its flow runs; itself where none is known."""
    calls = flow.calls if flow else ()
    if flow is None or not calls:
        file = Path(flow.place.file).absolute() if flow else None
        runs_itself = flow and file and calls_itself(file, flow.function)
        yield replace(job, script=str(file)) if runs_itself else job
        return
    for number, call in enumerate(calls, 1):
        yield replace(
            job,
            name=f"{job.name} ({number})" if len(calls) > 1 else job.name,
            script=call.script,
            timeout=call.timeout or flow.timeout,
            retries=call.retries,
            retry_delay=call.retry_delay,
            cwd=call.cwd,
            notes=(*job.notes, *flow.notes),
        )


@dataclass(frozen=True)
class Runner:
    """A function that runs a script.

    Attributes:
        parameters: their names in their order.
        defaults: those that a call leaves out.
        options: what its `@task(...)` says.
    """

    parameters: tuple[str, ...] = (SCRIPT, "task_name", "timeout", "cwd")
    defaults: Mapping[str, Any] = field(default_factory=lambda: {"timeout": 3600, "cwd": None})
    options: Mapping[str, Any] = field(default_factory=dict)


def runners_of(programs: Sequence[Program]) -> dict[str, Runner]:
    """Return the functions of some programs that run a script, by their names."""
    return {
        node.name: _runner(program, node)
        for program in programs
        for node in ast.walk(program.tree)
        if isinstance(node, FUNCTIONS)
        and (node.name == EXECUTE_SCRIPT or SCRIPT in _parameters(node))
    }


def flows_of(program: Program, runners: Mapping[str, Runner]) -> Iterator[Flow]:
    """Yield each flow of a program.

    Args:
        program: its text.
        runners: what `runners_of` has found in all of them.
    """
    for node, decorator in flow_nodes(program):
        options = _options(program, decorator)
        said = options.get("description") or (ast.get_docstring(node) or "").split("\n")[0]
        before = len(program.findings)
        calls = tuple(_Calls(program, node, options, runners).found())
        yield Flow(
            node.name,
            str(options.get("name") or node.name.replace("_", "-")),
            program.place(node),
            str(said),
            _span(options.get("timeout_seconds")),
            calls,
            tuple(one.text for one in program.findings[before:]),
        )


def flow_nodes(program: Program) -> Iterator[tuple[Function, ast.expr]]:
    """Yield the functions of a program that are flows, each with its decorator."""
    for node in ast.walk(program.tree):
        if isinstance(node, FUNCTIONS) and (decorator := _decorator(node, "flow")) is not None:
            yield node, decorator


class _Calls:
    """Finds the calls of one flow."""

    def __init__(
        self,
        program: Program,
        function: Function,
        options: Mapping[str, Any],
        runners: Mapping[str, Runner],
    ) -> None:
        self.program = program
        self.function = function
        self.options = options
        self.runners = runners
        self.literals = _literals_in(program, function)

    def found(self) -> Iterator[ScriptCall]:
        """Yield them in the order of the text; what a flow does besides is a finding."""
        calls = list(self._calls())
        if not calls and not calls_itself(Path(self.program.file), self.function.name):
            text = _("flow {flow} runs no script by {function}: make what it does a script of its "
                     "own", flow=self.function.name, function=EXECUTE_SCRIPT)  # fmt: skip
            self.program.note(self.function, text)
        if len(calls) > 1:
            text = _("flow {flow} runs {count} scripts one after another: each becomes a job of "
                     "its own, and their order is not carried over",
                     flow=self.function.name, count=len(calls))  # fmt: skip
            self.program.note(self.function, text)
        for call, name, more, around in calls:
            if any(isinstance(one, REPEATS) for one in around):
                self.program.note(call, _("this runs in a loop: it is imported to run once"))
            elif any(isinstance(one, (ast.If, ast.IfExp, ast.Match)) for one in around):
                self.program.note(call, _("this runs under a condition, which is not carried over"))
            yield self._read(call, self.runners.get(name), more)

    def _calls(self) -> Iterator[tuple[ast.Call, str, dict[str, Any], list[ast.AST]]]:
        pending: list[tuple[ast.AST, list[ast.AST]]] = [(self.function, [])]
        while pending:
            node, around = pending.pop()
            if isinstance(node, ast.Call):
                name, more = self._runner_called(node.func)
                if name:
                    yield node, name, more, around
                    continue
            children = list(ast.iter_child_nodes(node))
            pending += [(one, [*around, node]) for one in reversed(children)]

    def _runner_called(self, func: ast.expr) -> tuple[str, dict[str, Any]]:
        """Return which runner is called, as `execute_script.with_options(retries=3).submit`."""
        more: dict[str, Any] = {}
        while isinstance(func, (ast.Attribute, ast.Call)):
            if isinstance(func, ast.Call):
                if not isinstance(func.func, ast.Attribute) or func.func.attr != "with_options":
                    return "", {}
                more |= _options(self.program, func)
                func = func.func.value
            elif func.attr in STARTS:
                func = func.value
            else:  # tasks.execute_script
                func = ast.copy_location(ast.Name(func.attr, ast.Load()), func)
        name = self.program.imported.get(func.id, func.id) if isinstance(func, ast.Name) else ""
        return (name, more) if name in self.runners or name == EXECUTE_SCRIPT else ("", {})

    def _read(self, call: ast.Call, runner: Runner | None, more: Mapping[str, Any]) -> ScriptCall:
        if runner is None:
            runner = Runner()
            text = _("{function} is in none of the files: its retries are unknown, and its timeout "
                     "is taken for an hour; name the file that has it, too",
                     function=EXECUTE_SCRIPT)  # fmt: skip
            self.program.note(None, text)
        given = dict(runner.defaults)
        pairs = [*zip(runner.parameters, call.args, strict=False)]
        pairs += [(one.arg or "", one.value) for one in call.keywords]
        for name, node in pairs:
            try:
                given[name] = self.literals.value(node)
            except (NotLiteralError, RecursionError):
                given[name] = None
                self.program.note(node, not_literal(name or "**"))
            if name not in (SCRIPT, "task_name", "timeout", "cwd"):
                text = _("argument {name} of {function} is not carried over",
                         name=name or "**", function=EXECUTE_SCRIPT)  # fmt: skip
                self.program.note(node, text)
        options = {**self.options, **runner.options, **more}
        return ScriptCall(
            self.program.place(call),
            given.get(SCRIPT) if isinstance(given.get(SCRIPT), str) else None,
            _span(given.get("timeout")),
            given.get("cwd") if isinstance(given.get("cwd"), str) else None,
            _whole(options.get("retries")),
            _span(options.get("retry_delay_seconds")),
        )


def _runner(program: Program, node: Function) -> Runner:
    defaults = _defaults(node)
    decorator = _decorator(node, "task")
    return Runner(
        tuple(_parameters(node)),
        {name: program.value(one) for name, one in defaults.items()},
        _options(program, decorator) if decorator is not None else {},
    )


def _literals_in(program: Program, function: Function) -> Literals:
    """Return what expressions are worth within a function: its own constants are known, too."""
    stored = Counter(
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    body = [one for part in function.body for one in (part, *getattr(part, "body", []))]
    own = {**_defaults(function), **constants_of(body, stored)}
    hidden = {name for name in (*_parameters(function), *stored) if name not in own}
    names = {name: one for name, one in program.constants.items() if name not in hidden}
    return Literals(program.literals.file, {**names, **own})


def _parameters(node: Function) -> list[str]:
    arguments = node.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _defaults(node: Function) -> dict[str, ast.expr]:
    arguments = node.args
    places = [*arguments.posonlyargs, *arguments.args]
    last = places[len(places) - len(arguments.defaults) :]
    found = {one.arg: value for one, value in zip(last, arguments.defaults, strict=True)}
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {one.arg: value for one, value in named if value is not None}


def _decorator(node: Function, name: str) -> ast.expr | None:
    """Return the decorator `@flow`, `@flow(...)` or `@prefect.flow(...)`."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if name in (getattr(called, "id", ""), getattr(called, "attr", "")):
            return decorator
    return None


def _options(program: Program, call: ast.expr) -> dict[str, Any]:
    keywords = call.keywords if isinstance(call, ast.Call) else []
    found = {one.arg: program.value(one.value) for one in keywords if one.arg}
    return {name: value for name, value in found.items() if value is not None}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _span(seconds: Any) -> timedelta | None:
    if isinstance(seconds, list) and seconds:  # Prefect takes a delay for each retry
        seconds = seconds[0]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    return timedelta(seconds=seconds) if 0 <= seconds <= LONGEST_SECONDS else None

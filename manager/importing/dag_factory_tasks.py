"""The one task of a DAG of dag-factory: which script it runs, and how."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from include.errors import ConfigurationError
from include.language import Message, _
from manager.importing.crontab_commands import read_command
from manager.importing.prefect_deployments import brief
from manager.importing.programs import calls_itself
from manager.importing.secret_words import refused_variable
from manager.importing.yaml_lines import Lines

TYPE, ARGUMENTS = "__type__", "__args__"
BASH, PYTHON = re.compile(r"(?:.*\.)?BashOperator"), re.compile(r"(?:.*\.)?PythonOperator")
TEMPLATE = re.compile(r"\{\{|\{%|\{#")
VARIABLE = re.compile(r"\$(?:\w|\{)")
SPANS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
POSITIONS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
# What is carried over, or changes nothing of when and how the task runs.
KNOWN = {
    *("operator", "task_id", "bash_command", "cwd", "env", "retries", "retry_delay", "owner"),
    *("execution_timeout", "python_callable_name", "python_callable_file", "start_date"),
    *("timezone", "append_env"),
}
Notes = list[tuple[int, str]]  # each with its line
NEEDS_MORE = ("expand", "partial", "op_args", "op_kwargs", "variables_as_arguments")


class RefusedError(ConfigurationError):
    """A DAG that does not become a job; its text says why, after its name."""

    def __init__(self, line: int, why: Message) -> None:
        super().__init__(why)
        self.line = line


def read_task(task: Lines) -> tuple[dict[str, Any], Notes]:
    """Return what a task runs.

    Returns:
        what the job has of it, by the names of `OldJob`; and what is not carried over.

    Raises:
        RefusedError: it is no script.
    """
    operator = str(task.get("operator"))
    for key in NEEDS_MORE:
        if task.get(key):
            why = _("has a task that needs {key}, which a script does not get", key=key)
            raise RefusedError(task.line_of(key), why)
    if BASH.fullmatch(operator):
        of_the_job, notes = _of_bash(task)
    elif PYTHON.fullmatch(operator):
        of_the_job, notes = {"script": _of_python(task)}, []
    else:
        what = operator if "operator" in task else str(task.get("decorator"))
        why = _("has a task that is no script: {operator}", operator=what)
        raise RefusedError(task.line_of("operator"), why)
    notes += [
        (task.line_of(key), _("{key} of its task is not carried over", key=str(key)))
        for key in task
        if key not in KNOWN
    ]
    return of_the_job, notes


def refuse_templates(said: Any, line: int, key: str) -> None:
    """Refuse what Jinja or the environment fills in.

    Raises:
        RefusedError: it holds such a thing.
    """
    if isinstance(said, str) and TEMPLATE.search(said):
        raise RefusedError(line, _("has Jinja in {key}, which only Airflow fills in", key=key))
    if isinstance(said, str) and VARIABLE.search(said):
        why = _("has a variable of the environment in {key}", key=key)
        raise RefusedError(line, why)


def read_span(said: Lines, key: str) -> timedelta | None:
    """Return a time that is written as seconds, or as `__type__: datetime.timedelta`.

    Raises:
        RefusedError: it is something else.
    """
    value = said.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return timedelta(seconds=value)
        if isinstance(value, Lines) and value.get(TYPE) == "datetime.timedelta":
            numbers = dict(zip(POSITIONS, value.get(ARGUMENTS) or (), strict=False))
            numbers |= {name: value[name] for name in SPANS if name in value}
            return timedelta(**numbers)
    except (TypeError, OverflowError, ValueError):
        pass
    why = _("has {said} for {key}, which is no time", said=brief(value), key=key)
    raise RefusedError(said.line_of(key), why)


def _of_bash(task: Lines) -> tuple[dict[str, Any], Notes]:
    text, line = task.get("bash_command"), task.line_of("bash_command")
    if not isinstance(text, str):
        raise RefusedError(line, _("has no bash_command that is a text"))
    for key in ("bash_command", "cwd"):
        refuse_templates(task.get(key), task.line_of(key), key)
    command = read_command(text.strip().replace("%", "\\%"))
    if command.script is None:
        why = "; ".join(command.notes)
        raise RefusedError(line, _("has a command that is no script: {why}", why=why))
    env, left_out = _environment(task)
    notes: Notes = [(line, note) for note in command.notes]
    of_the_job = {
        "script": command.script,
        "python": command.python,
        "cwd": command.cwd or task.get("cwd"),
        "args": command.args,
        "env": {**env, **command.env},
        **({"timeout": command.timeout} if command.timeout else {}),
    }
    return of_the_job, [*notes, *left_out]


def _of_python(task: Lines) -> str:
    file, function = task.get("python_callable_file"), task.get("python_callable_name")
    line = task.line_of("python_callable_file" if file else "python_callable")
    if not isinstance(file, str) or not isinstance(function, str):
        raise RefusedError(line, _("calls a function, and names no file that has it"))
    if not calls_itself(Path(file), function):
        why = _("calls function {function} of {file}, and running that file does not: let it end "
                "in `if __name__ == '__main__': {function}()` to have it imported",
                function=function, file=file)  # fmt: skip
        raise RefusedError(line, why)
    return file


def _environment(task: Lines) -> tuple[dict[str, str], Notes]:
    """Return the variables of a task without those that look like secrets, and a note of these."""
    env = task.get("env")
    if env is None:
        return {}, []
    if not isinstance(env, Lines):
        return {}, [(task.line_of("env"), _("env of its task is not a mapping"))]
    kept: dict[str, str] = {}
    notes: Notes = []
    for name, value in env.items():
        refuse_templates(value, env.line_of(name), f"env {name}")
        if refused := refused_variable(str(name), str(value)):
            notes.append((env.line_of(name), refused))
        else:
            kept[str(name)] = str(value)
    return kept, notes

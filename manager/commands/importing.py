"""`import`: bring an old scheduler's jobs here; shows the plan, and writes it with --yes."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

from include.errors import ConfigurationError
from include.language import _
from include.registry.paths import SCRIPTS
from include.registry.quantities import start_day
from include.text import MOST_NAMES, printable
from manager.importing.checking import check
from manager.importing.enabling import enable
from manager.importing.entries import Wishes
from manager.importing.old_jobs import Finding
from manager.importing.parity import Pair, compare
from manager.importing.parity_report import print_parity
from manager.importing.planning import Plan, PlannedEntry, make_plan
from manager.importing.recognising import read_sources
from manager.importing.record import SUFFIX
from manager.importing.writing import check_out, free_paths, parts_of, write
from manager.layout import Layout
from manager.table import lined_up

ALL_IMPORTED, NOT_ALL = 0, 1


def importing(layout: Layout, arguments: Namespace) -> int:
    """Plan an import, or do it.

    Returns:
        0; 1 where some job of the old system gets no entry, or there is none; with --check, where
        a job is otherwise than there.

    Raises:
        ConfigurationError: no source, or an invalid --start or --out.
        ExpectedError: something cannot be written.
    """
    if arguments.enable:
        enable(layout, arguments.enable)
        return ALL_IMPORTED
    if arguments.check or arguments.confirm:
        code = check(layout, arguments.sources, arguments.prefect_python, arguments.confirm)
        if arguments.confirm:
            print(_("what differs is confirmed: {jobs}", jobs=arguments.confirm))
        return code
    if not all(arguments.sources or [""]):
        raise ConfigurationError(
            "name what is to be imported: the files of the old scheduler, as in "
            "`{manager} import scheduler_config.py scheduler_flows.py`"
        )  # fmt: skip
    wishes = Wishes(
        root=layout.root,
        sources=arguments.sources,
        now=datetime.now(timezone.utc),
        copies=arguments.scripts == "copy",
        start=_day(arguments.start),
    )
    path = check_out(layout.root, arguments.out)
    plan = make_plan(read_sources(arguments.sources), wishes)
    print("\n".join(printable(line) for line in importing_lines(plan)).rstrip("\n"))
    if plan.entries:
        pairs = [Pair(one.record, one.made, one.script.found) for one in plan.entries]
        print()
        print_parity(compare(pairs, wishes.now, arguments.prefect_python))
        print()
    if plan.entries or plan.copies:
        if arguments.yes:
            _print_written(layout, plan, write(layout.root, plan, path))
        else:
            _print_not_written(layout, plan, path)
    return NOT_ALL if plan.not_imported or not (plan.entries or plan.known) else ALL_IMPORTED


def _day(written: str | None) -> date | None:
    if written is None:
        return None
    try:
        return start_day(written)
    except ValueError as error:
        raise ConfigurationError(f"--start {error}") from error


def importing_lines(plan: Plan) -> Iterator[str]:
    """Return the lines that show a plan."""
    if plan.entries:
        yield _("jobs:")
        head = (_("job id"), _("old name"), "cron", _("period"), _("first day"), _("already here"))
        yield from lined_up([head, *map(_row, plan.entries)])
        yield ""
    if plan.copies:
        yield _("scripts:")
        yield from lined_up([(_("old path"), _("new path")), *_scripts(plan)])
        if missing := sum(copy.found is None for copy in plan.copies):
            yield _(
                "  * {count} are not on this machine: copy them, in the folders that they have "
                "there, to where the old files are, and run this again. Until then a placeholder "
                "stands in their place, which ends each run with exit code 78.",
                count=missing,
            )
        yield ""
    if beside := [entry for entry in plan.entries if entry.ours is not None]:
        yield _(
            "{count} of them are here already under the same name. Both are offered side by side: "
            "keep ours, and remove the imported entry; or run the old script: enable the imported "
            "one, and write 'enabled: false' in ours.",
            count=len(beside),
        )
        yield ""
    for one in plan.known[:MOST_NAMES]:
        yield _("{name}: imported before, as {id}", name=one.old.name, id=one.job_id)
    if (more := len(plan.known) - MOST_NAMES) > 0:
        yield _("{count} more", count=more)
    if plan.findings:
        yield _("to look at:")
        yield from (f"  {finding}" for finding in _in_order(plan.findings))
        yield ""
    if not plan.entries:
        yield _("there is nothing to import") if plan.known else _("no job was found to import")
    if plan.not_imported:
        yield _("jobs of the old system that get no entry: {count} (see above)",
                count=plan.not_imported)  # fmt: skip


def _row(entry: PlannedEntry) -> Sequence[str]:
    values = entry.values
    ours = entry.ours.id if entry.ours else ""
    switched_off = "" if entry.job.is_enabled else _("(switched off there)")
    return (
        entry.id,
        entry.job.name,
        values["cron"],
        values.get("period", "day"),
        values["start"],
        f"{ours} {switched_off}".strip(),
    )


def _scripts(plan: Plan) -> Iterator[Sequence[str]]:
    for copy in plan.copies:
        new = f"{SCRIPTS}/{copy.new}"
        yield copy.old, new if copy.found else f"{new} *"
        for module, there in copy.modules:
            yield f"  {module.name}", f"{SCRIPTS}/{there}"


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return them by place, each file as a person in this folder would type it."""
    here = Path.cwd()
    typed = [
        replace(one, place=replace(one.place, file=str(Path(one.place.file).relative_to(here))))
        if Path(one.place.file).is_relative_to(here)
        else one
        for one in findings
    ]
    return sorted(typed, key=lambda one: (one.place.file, one.place.line))


def _print_not_written(layout: Layout, plan: Plan, path: Path) -> None:
    if not plan.entries:
        print(_("nothing is written: the same command with --yes writes the scripts"))
        return
    lines = sum(text.count("\n") for _entries, text in parts_of(plan.entries))
    out = layout.shown(next(free_paths(layout.root, path)))
    print(
        _("nothing is written: the same command with --yes writes the scripts and {out} ({lines} "
          "lines, every entry with 'enabled: false')", out=out, lines=lines)
    )  # fmt: skip


def _print_written(layout: Layout, plan: Plan, paths: Sequence[Path]) -> None:
    if count := sum(copy.found is not None for copy in plan.copies):
        print(_("copied {count} scripts", count=count))
    if not paths:
        return
    for path in paths:
        print(_("wrote {file}", file=layout.shown(path)))
        record = layout.shown(path.with_suffix(SUFFIX))
        print(_("wrote {file}, the record of what each job was in the old system", file=record))
    runnable = [entry.id for entry in plan.entries if entry.script.found]
    print(
        _("next: `{manager} check`; `{manager} run {job}` tries a script; "
          "`{manager} import --enable {job}` lets it run by schedule, and says how to stop it in "
          "the old system", job=(runnable or [plan.entries[0].id])[0])
    )  # fmt: skip

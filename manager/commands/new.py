"""`new job ID`, `new platform ID`: files that run at once, and what to edit in them."""

import re
from argparse import Namespace

from include import MANAGER
from include.errors import ConfigurationError
from include.language import _
from include.locale.__main__ import main as update_catalogues
from include.registry import load_registry
from include.registry.checks.reporting import report
from manager.commands.check import write_pages
from manager.layout import Layout
from manager.scaffolding import platform
from manager.scaffolding.names import check_id, check_name
from manager.scaffolding.plan import CONFIG, Plan

EDIT = re.compile(r"\bEDIT\b")


def new(layout: Layout, arguments: Namespace) -> int:
    """Make the files, and say what to edit in them.

    Returns:
        0, or 1 when `check` has something to say before or after.

    Raises:
        ConfigurationError: the id is not one, or there is such a job, platform or file already.
    """
    written, name = check_id(arguments.id, arguments.kind), arguments.name or arguments.id
    check_name(name)
    if arguments.kind == "platform":
        english = arguments.english or name
        check_name(english)
        plan = platform.plan_of(layout.root, written, name, english)
        return _written(layout, plan, f"{written}_store", f"tests/platforms/{written}")
    if written in load_registry(layout.root).jobs:
        raise ConfigurationError("job {job_id!r} is there already: take another id", job_id=written)
    plan = Plan(layout.root, {"id": written, "name": name})
    plan.make("job")
    return _written(layout, plan, written, f"tests/scripts/test_{written}.py")


def _written(layout: Layout, plan: Plan, job_id: str, tests: str) -> int:
    """Write the files, check all of config/, and say what comes next."""
    plan.write()
    print(_("made:"))
    for path in plan.made:
        print(f"  {path}")
    if plan.changed:
        print(_("added to:"))
        for path in plan.changed:
            print(f"  {path}")
    lines, code = report(layout.root)
    if code:
        print("\n".join(lines))
        return code
    write_pages(layout.root)
    update_catalogues()
    print(_("to edit now, each place is marked EDIT:"))
    in_order = sorted([*plan.made, *plan.changed], key=lambda path: path.startswith(CONFIG))
    for path in in_order:
        lines = (layout.root / path).read_text("utf-8").splitlines()
        numbers = [str(number) for number, line in enumerate(lines, 1) if EDIT.search(line)]
        if numbers:
            print(f"  {path}: {', '.join(numbers)}")
    print(_("then:"))
    print(f"  {MANAGER} test {tests}")
    if plan.changed:  # code that the components have imported once
        print(f"  {MANAGER} restart")
    print(f"  {MANAGER} run {job_id}")
    return 0

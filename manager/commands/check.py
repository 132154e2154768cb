"""`check`: what is wrong in `config/`, or each job's schedule in words; writes docs/jobs.md."""

from argparse import Namespace
from pathlib import Path

from include.language import _
from include.registry.checks import check_project
from include.registry.checks.reporting import report
from manager.jobs_page import PAGE, page
from manager.layout import Layout


def check(layout: Layout, arguments: Namespace) -> int:
    """Print the report, or write docs/jobs.md; return 1 when there are problems."""
    if arguments.write_docs:
        return write_page(layout.root)
    lines, code = report(layout.root)
    print("\n".join(lines))
    return code


def write_page(root: Path) -> int:
    """Write the page into a project; says what is wrong instead when something is.

    Returns:
        the exit code: 1 when there are problems.
    """
    found = check_project(root)
    if found.problems:
        print("\n".join(map(str, found.problems)))
        return 1
    (root / PAGE).write_text(page(found), encoding="utf-8")
    print(_("wrote {page} (jobs: {count})", page=PAGE, count=len(found.registry.jobs)))
    return 0

"""`check`: what is wrong in `config/`, or each job's schedule in words; writes docs/jobs.md."""

from argparse import Namespace
from pathlib import Path

from include.language import _
from include.registry.checks import check_project
from include.registry.checks.reporting import report
from manager.jobs_page import PAGES, page
from manager.layout import Layout


def check(layout: Layout, arguments: Namespace) -> int:
    """Print the report, or write the page of all jobs; return 1 when there are problems."""
    if arguments.write_docs:
        return write_pages(layout.root)
    lines, code = report(layout.root)
    print("\n".join(lines))
    return code


def write_pages(root: Path) -> int:
    """Write the page into a project, in each language; says what is wrong instead.

    Returns:
        the exit code: 1 when there are problems.
    """
    found = check_project(root)
    if found.problems:
        print("\n".join(map(str, found.problems)))
        return 1
    for language, path in PAGES.items():
        (root / path).write_text(page(found, language), encoding="utf-8")
    pages, count = [*PAGES.values()], len(found.registry.jobs)
    print(_("wrote {pages} (jobs: {count})", pages=pages, count=count))
    return 0

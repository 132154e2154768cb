"""`check`: what is wrong in `config/`, or each job's schedule in words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manager.commands.options import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add the language, and whether to write the page of the jobs."""
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the words")
    parser.add_argument("--write-docs", action="store_true", help="write docs/jobs.md again")


def check(layout: Layout, arguments: Namespace) -> int:
    """Hand over to the registry's own command, or write docs/jobs.md."""
    from manager.handover import become

    if not arguments.write_docs:
        command = ["-m", "include.registry.checks", "--lang", arguments.lang]
        become(layout, command, os.environ | {"PYTHONPATH": str(layout.root)})
    from manager.jobs_page import write_page

    return write_page(layout.root)


COMMAND = Command(
    "check registry, shops, feeds, pools: every problem, or each job's schedule in words",
    check,
    add_arguments,
    writes_var=False,
)

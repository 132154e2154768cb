"""The command behind `scheduler_manager.py check` and the pre-commit hook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from include import PROJECT_ROOT
from include.command_line import Parser, language_parser, parsed
from include.language import _, speaking
from include.registry.checks.reporting import report
from include.text import print_anything


def main(arguments: list[str] | None = None) -> int:
    """Print the report; return the exit code: 1 when there are problems."""
    print_anything()
    given = parsed(_parser, arguments)
    with speaking(given.lang):
        lines, code = report(given.root.resolve(), as_json=given.json)
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="python -m include.registry.checks",
        description=_(
            "check registry, shops, feeds and pools: every problem, or each job's schedule in words"
        ),
        parents=[language_parser()],
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON"))
    parser.add_argument("--root", type=Path, default=PROJECT_ROOT, help=_("the project to check"))
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`python -m include.running JOB_ID`: run one job's script as Airflow would, here and now."""

from __future__ import annotations

import os
import sys
import traceback

from include.command_line import Parser, RawFormatter, language_parser, parsed
from include.errors import ExpectedError
from include.language import N_, _, choose
from include.running.context import Context, Request
from include.running.execution import exit_code_of, run_all
from include.running.script_process import Output
from include.running.signals import Interruption, stop_with_parent
from include.secrets.masking import Masker
from include.secrets.values import secrets_in
from include.units import exit_codes

EPILOG = N_("""\
environment, as far as the command line does not say otherwise:
  PERIOD_KEY, or PERIOD_FROM and PERIOD_TO; SHOPS (comma separated); AGAIN=1; RUN_ID; ATTEMPT
  RETRY_EARLIER=1        first retry, once, what failed in earlier periods
  WAREHOUSE_URL          where the ledger is (SQLAlchemy); without it the run is not accounted for
  AIRFLOW_CONN_*         connections; the script sees those of its job, and their values are masked
  STOP_WITH_PARENT=1     end when the parent dies (or the pid it must have)
  SCHEDULER_VAR          the service's directory, for locks and logs
  SCHEDULER_ROOT         the project whose registry counts
  RUNNER_GRACE_SECONDS   from TERM to KILL (10)
  RUNNER_LOCK_WAIT_SECONDS    how long to wait for another run of the same period (15)
  RUNNER_HEARTBEAT_SECONDS    between two heartbeats in the ledger (15); what runs on another
                         machine is taken over when four are missing

exit codes:
""")


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line and the environment ask for; return the exit code."""
    words = parsed(_parser, arguments)
    if words.lang:
        choose(words.lang)
    interruption = Interruption()
    output = Output(sys.stdout.fileno(), Masker(secrets_in(os.environ)))
    try:
        request = Request.of(words, os.environ)
        stop_with_parent(request.stop_with_parent)
        return run_all(Context(request, output, interruption))
    except ExpectedError as error:
        output.say(str(error))
        return exit_code_of(error)
    except Exception:  # noqa: BLE001 - a traceback may show secrets: it goes through the mask too
        output.say(traceback.format_exc())
        return exit_codes.ExitCode.FAILED


def _parser() -> Parser:
    parser = Parser(
        prog="python -m include.running",
        description=_("Run one job's script for one period or several, and account for it."),
        epilog=_(EPILOG) + _(exit_codes.TABLE),
        formatter_class=RawFormatter,
        parents=[language_parser()],
    )
    parser.add_argument("job_id", metavar="JOB_ID", help=_("id of the job in config/tasks/*.yaml"))
    which = parser.add_argument_group(_("which periods (by default the last that has ended)"))
    which.add_argument(
        "--period", metavar="KEY", help=_("one period, such as 2025-10-02 or 2025-09")
    )
    which.add_argument("--from", metavar="KEY", dest="first", help=_("first period of a range"))
    which.add_argument(
        "--to", metavar="KEY", dest="last", help=_("last period of a range, inclusive")
    )
    parser.add_argument(
        "--shop", metavar="ID", action="append", help=_("this shop only; one --shop for each")
    )
    parser.add_argument("--again", action="store_true", help=_("run what has landed already, too"))
    parser.add_argument("--root", metavar="FOLDER", help=_("the project whose registry counts"))
    return parser


if __name__ == "__main__":
    sys.exit(main())

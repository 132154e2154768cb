"""Follows runs to their end and says how each went, for `trigger`, `demo` and `repair`.

Whether something landed is read from the ledger. Airflow's states only say whether a run goes on: a
run whose task was skipped is a success there, whether all had landed before or no shop was open.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from include.coverage.gap_ranges import in_brief
from include.coverage.runs import UNDER_WAY, Run
from include.errors import ExpectedError
from include.language import N_, _, clauses
from include.registry import SHOPS_FILE, Job, load_registry
from include.units.exit_codes import ExitCode, describe
from include.units.ledger import Ledger
from include.units.unit import LANDED, NO_SHOP, LedgerRow, State
from include.warehouse.versions import opened
from manager.airflow.rest import Api, ApiError
from manager.airflow.starting_runs import API_TIMEOUT, begin_run, make_run, patiently
from manager.airflow.tables import Stuck, stuck_of, warehouse_url
from manager.followed import Followed, Outcome
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment
from manager.warehouse import in_words

LOOK_SECONDS = 1.0
# The API is away for a while when it, or the whole service, is restarted.
PATIENCE_SECONDS = 300.0
RUN_SECONDS = 1800.0
RUN_ENDED = ("success", "failed")
# A task that waits for its retry has failed as far as somebody who watches is concerned.
GIVEN_UP = ("failed", "up_for_retry")
SHOWN = 3


class Follower:
    """Looks at runs through Airflow's API, and at what they landed in the ledger.

    Args:
        api: of Airflow.
        ledger: of the warehouse.
        stuck: finds the runs that cannot move; nobody waits for these.
        layout: of the installation.
    """

    def __init__(self, api: Api, ledger: Ledger, stuck: Stuck, layout: Layout) -> None:
        self._api, self._ledger, self._stuck, self._layout = api, ledger, stuck, layout

    @classmethod
    def of(cls, layout: Layout, job_id: str | None = None) -> "Follower":
        """Open the API and the warehouse of an installation, for all jobs or one.

        Raises:
            ExpectedError: the warehouse does not answer, or is not as this code needs it.
        """
        ports = remembered(layout)
        with in_words():
            ledger = Ledger(opened(warehouse_url(component_environment(layout, ports))))
        return cls(Api(layout, ports, API_TIMEOUT), ledger, stuck_of(layout, job_id), layout)

    def begin(self, job: Job, key: str) -> Followed:
        """Trigger a run, or find one of the period that waits or works; raises ExpectedError."""
        run_id, new = patiently(begin_run, self._api, job.id, key, stuck=self._stuck)
        return Followed(job, key, run_id, new=new)

    def make(self, job_id: str, body: Mapping[str, Any]) -> bool:
        """Make a run that has a name of its own; returns whether it was not there."""
        return bool(patiently(make_run, self._api, job_id, body))

    def rows(self, run: Followed) -> list[LedgerRow]:
        """Return the rows of the ledger of a run's period.

        Raises:
            ExpectedError: the warehouse does not answer.
        """
        with in_words():
            return self._ledger.rows(run.job.id, run.key)

    def follow(self, run: Followed, *, quiet: bool = False) -> None:
        """Wait until a run has ended; print how it is whenever that changes.

        Raises:
            ExpectedError: it takes for ever.
            ApiError: the web UI has not answered for minutes. The run goes on.
        """

        def look(_waiting: Sequence[Followed]) -> Iterator[str]:
            line = self.look(run)
            if line != run.said:
                run.said = line
                yield line

        until_ended([run], look, quiet=quiet, within=RUN_SECONDS)

    def look(self, run: Followed) -> str:
        """Look how a run is, and say it in a line; sets `landed` when it has ended."""
        tasks = self._api.task_states(run.job.id, run.run_id)
        state = self._api.run_state(run.job.id, run.run_id)
        if state in RUN_ENDED:
            run.landed = state == "success"
        elif any(task in GIVEN_UP for task in tasks.values()):
            run.landed = False
        elif not any(task in UNDER_WAY for task in tasks.values()) and (
            held_up := self._stuck().get(run.name)
        ):
            run.landed, run.stuck = False, held_up.trouble
        if state not in RUN_ENDED:
            at_work = [
                _("{task} {state}", task=_(name), state=_(task))
                for name, task in tasks.items()
                if task not in ("", "success")
            ]
            how = [run.stuck] if run.stuck else at_work or [_("queued")]
        else:
            how = [_(state)]
        if rows := self.rows(run):
            landed = [row for row in rows if row.state in (*LANDED, State.PROVISIONAL)]
            early = any(row.state == State.PROVISIONAL for row in landed)
            counted = N_("{landed} of {count} landed")
            if early:
                counted = N_("{landed} of {count} landed, provisionally")
            how += [_(counted, landed=len(landed), count=len(rows)), *_counted(landed)]
        return _("{run}: {how}", run=run.title, how=how)

    def outcome(self, run: Followed) -> Outcome:
        """Compare what Airflow says of a run that has ended with the ledger."""
        if not run.landed:
            return Outcome(ExitCode.FAILED)
        rows = [row for row in self.rows(run) if not run.shops or row.shop_id in run.shops]
        if any(row.state == State.PROVISIONAL for row in rows):
            due = run.job.schedule.fire_for(run.job.schedule.parse_key(run.key))
            text = N_(
                "landed provisionally: the period is due at {due:%Y-%m-%d %H:%M}, and is pulled "
                "again then"
            )
            return Outcome(ExitCode.LANDED, _(text, due=due))
        if not any(row.state in LANDED for row in rows):
            return Outcome(
                ExitCode.NOTHING_TO_DO, _("nothing to do: {why}", why=self._why_nothing(run))
            )
        if all(row.run_id != run.run_id for row in rows):
            before = N_("nothing to do: all of it had landed before, and nothing was loaded twice")
            return Outcome(ExitCode.LANDED, _(before))
        return Outcome(ExitCode.LANDED)

    def _why_nothing(self, run: Followed) -> str:
        job = run.job
        known = load_registry(self._layout.root, only=job.id).shops_of(job)
        shops = [shop for shop in known if not run.shops or shop.id in run.shops]
        period = job.schedule.parse_key(run.key)
        closed = [why for shop in shops if (why := shop.why_closed(period))]
        if job.platform and not shops:
            return _(
                "no shop on {platform} is enabled: list one in {file}",
                platform=job.platform,
                file=SHOPS_FILE,
            )
        if len(closed) < len(shops) or not closed:
            return _("`{manager} logs {job}` says why", job=job.id)
        return _(
            "no shop that was asked for is open in {period}: {why}",
            period=period.key,
            why=clauses(*closed[:SHOWN], _more(len(closed))),
        )

    def explain(self, run: Followed) -> None:
        """Print why a run did not land, what shows its log, and where that is."""
        for row in self.rows(run):
            if row.state not in LANDED:
                print(
                    _(
                        "{unit}: {state}: {error}",
                        unit=f"{run.job.id} {row.shop_id}",
                        state=_(row.state),
                        error=row.shown_error or _("no error was written down"),
                    )
                )
        log = self._layout.logs / "airflow" / f"dag_id={run.job.id}" / f"run_id={run.run_id}"
        shown = self._layout.shown(log)
        print(
            _(
                "{run} did not land: `{manager} logs {job}` shows its log (in {log})",
                run=run.title,
                job=run.job.id,
                log=shown,
            )
        )

    def follow_repairs(
        self, runs: Sequence[Followed], disabled: Callable[[str], bool], *, quiet: bool = False
    ) -> None:
        """Wait until each run has ended; print then what landed of its shops.

        Args:
            runs: those of a repair; what they are about is what must land.
            disabled: tells of a shop whether it is switched off by now, so that nobody expects it.
            quiet: print nothing.

        Raises:
            ApiError: the web UI has not answered for minutes. The runs go on.
        """

        def look(waiting: Sequence[Followed]) -> Iterator[str]:
            told, cannot_move = self._api.runs(state=UNDER_WAY), self._stuck()
            going_on = {(each["dag_id"], each["dag_run_id"]) for each in told}
            for run in waiting:
                held_up = cannot_move.get(run.name)
                if held_up or run.name not in going_on:
                    yield _(
                        "{run}: {said} ({done} of {count} runs)",
                        run=run.title,
                        said=self._end(run, disabled, held_up),
                        done=sum(each.landed is not None for each in runs),
                        count=len(runs),
                    )

        until_ended(runs, look, quiet=quiet)

    def _end(
        self, run: Followed, disabled: Callable[[str], bool], held_up: Run | None
    ) -> list[str]:
        """Return what a run of a repair has landed, by the ledger; sets `landed`."""
        rows = {row.shop_id: row for row in self.rows(run)}
        found = {shop: rows.get(shop) for shop in run.shops}
        landed = [row for row in found.values() if row is not None and row.state in LANDED]
        left = [shop for shop, row in found.items() if row is None or row.state not in LANDED]
        off = [shop for shop in left if disabled(shop)]
        missing = [shop for shop in left if shop not in off]
        run.landed = not missing
        if run.landed:
            switched_off = [_("{shop} is disabled by now", shop=shop) for shop in off]
            return [_("landed"), *_counted(landed), *switched_off]
        told = []
        for shop in missing:
            row, why = found[shop], ""
            if row is not None and row.error:
                code = "" if row.exit_code is None else describe(row.exit_code)
                why = in_brief(row.shown_error) or code
            told.append(f"{'' if shop == NO_SHOP else shop} {why}".strip())
        ended = _(
            "{how}: {missing} of {count} missing: {why}",
            how=held_up.trouble if held_up else _("failed"),
            missing=len(missing),
            count=len(found),
            why=clauses(*told[:SHOWN], _more(len(missing))),
        )
        return [ended]


def until_ended(
    runs: Sequence[Followed],
    look: Callable[[Sequence[Followed]], Iterable[str]],
    *,
    quiet: bool,
    within: float | None = None,
) -> None:
    """Look again and again at those that go on, and print what `look` says."""
    begun = heard = time.monotonic()
    while waiting := [run for run in runs if run.landed is None]:
        try:
            for line in look(waiting):
                if not quiet:
                    print(line, flush=True)
            heard = time.monotonic()
        except ApiError:
            if time.monotonic() - heard > PATIENCE_SECONDS:
                raise
        if within is not None and time.monotonic() - begun > within:
            raise ExpectedError(
                "{runs} did not end within {minutes:.0f} minutes; they go on, and the web UI "
                "shows them",
                runs=[run.title for run in waiting],
                minutes=within / 60,
            )
        if any(run.landed is None for run in runs):
            time.sleep(LOOK_SECONDS)


def _more(count: int) -> str:
    """Return how many are not shown; empty when all are."""
    return _("and {count} more", count=count - SHOWN) if count > SHOWN else ""


def _counted(landed: Sequence[LedgerRow]) -> list[str]:
    """Return how many rows have landed; nothing where none are counted."""
    rows = [row.rows for row in landed if row.rows is not None]
    return [_("{rows:,} rows", rows=sum(rows))] if rows else []

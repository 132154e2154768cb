"""What a person does about a gap; and a unit that a period of a contract lacks, with why."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Any

from include import MANAGER
from include.coverage.gap_ranges import in_brief
from include.language import N_, _
from include.units.exit_codes import ExitCode, describe
from include.units.unit import MISCOUNTED_SIGN, State

if TYPE_CHECKING:
    from datetime import date

    from include.coverage.judged_unit import JudgedUnit

# What a repair fails without; marked with `N_`.
FIRST: dict[int, str] = {
    ExitCode.REFUSED: N_(
        "first: renew the credentials that the message names, in their connection"
    ),
    ExitCode.CONFIGURATION: N_("first: correct what the message names"),
}

# What is missing and comes without anybody's doing.
COMES = {State.NOT_DUE, State.PENDING, State.PROVISIONAL, State.RUNNING}
FAILED = N_("failed")
WHY = {
    State.RUNNING: N_("is being pulled now"),
    State.MISSED: N_("missed: it was due, and has not been pulled since"),
    State.LOST: N_("lost: running, without a sign of life"),
    State.UNREPAIRABLE: N_("cannot be pulled again: its script takes no period"),
}


@dataclass(frozen=True)
class Missing:
    """A unit that a period lacks."""

    unit: JudgedUnit  # which, and how coverage judges it
    shop: str  # what people call its shop; empty for a job without shops
    doubt: str = ""  # why it does not count although it has landed; empty where it has not

    @property
    def why(self) -> str:
        """Why it is missing, in a line."""
        unit = self.unit
        if self.doubt:
            return _("has landed, and does not count: {why}", why=self.doubt)
        if unit.state in WHY:
            return _(WHY[unit.state])
        if unit.state in COMES:
            return _("is due at {at:%Y-%m-%d %H:%M}", at=unit.due_at)
        error = in_brief(unit.shown_error)
        if unit.state == State.MISCOUNTED:
            return _("{sign} {error}", sign=MISCOUNTED_SIGN, error=error)
        state = _(FAILED) if unit.state == State.FAILED else unit.state.value
        if unit.exit_code is not None:
            state = _("{state}, {code}", state=state, code=describe(unit.exit_code))
        return _("{state}: {error}", state=state, error=error) if error else state

    @property
    def remedies(self) -> list[str]:
        """What to do about it; nothing where it comes by itself."""
        unit = self.unit
        if self.doubt:
            words = ["run", unit.job_id, "--period", unit.period.key, "--again"]
            return [_("pull it again: {command}", command=f"{MANAGER} {join(words)}")]
        if unit.state in COMES:
            return []
        if unit.state == State.UNREPAIRABLE:
            words = ["waive", unit.job_id, "--period", unit.period.key, "--reason", "TEXT"]
            return [_("accept it: {command}", command=f"{MANAGER} {join(words)}")]
        first = [_(FIRST[unit.exit_code])] if unit.exit_code in FIRST else []
        command = repair_command(unit.job_id, None, unit.period.first_day)
        return [*first, _("repair: {command}", command=command)]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        unit = self.unit
        return {
            "job": unit.job_id,
            "shop": unit.shop_id,
            "shop_name": self.shop,
            "period": unit.period.key,
            "state": unit.state.value,
            "why": self.why,
            "due_at": unit.due_at.isoformat(timespec="seconds"),
            "exit_code": unit.exit_code,
            "error": self.doubt or unit.error,
            "remedies": self.remedies,
        }


def repair_command(job: str | None, shop: str | None, since: date | None) -> str:
    """Return the command that repairs the gaps that filters find."""
    said = {"--job": job, "--shop": shop, "--since": since}
    words = [word for option, value in said.items() if value for word in (option, str(value))]
    return f"{MANAGER} {join(['repair', *words, '--yes'])}"

"""What a person does about a gap: the commands, and what must be done before."""

from __future__ import annotations

from shlex import join
from typing import TYPE_CHECKING

from include import MANAGER
from include.language import N_
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import date

# What a repair fails without; marked with `N_`.
FIRST: dict[int, str] = {
    ExitCode.REFUSED: N_(
        "first: renew the credentials that the message names, in their connection"
    ),
    ExitCode.CONFIGURATION: N_("first: correct what the message names"),
}


def repair_command(job: str | None, shop: str | None, since: date | None) -> str:
    """Return the command that repairs the gaps that filters find."""
    said = {"--job": job, "--shop": shop, "--since": since}
    words = [word for option, value in said.items() if value for word in (option, str(value))]
    return f"{MANAGER} {join(['repair', *words, '--yes'])}"

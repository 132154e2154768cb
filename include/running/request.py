"""What a run is asked to do: the command line's words, else the environment's of the same meaning.

The environment's are how Airflow's operator asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from include import PROJECT_ROOT, var_folder
from include.errors import ConfigurationError
from include.heartbeats import HEARTBEAT, HEARTBEAT_SECONDS
from include.running.variables import ALL_SECONDS, GRACE, LOCK_WAIT, RETRY_EARLIER

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

ROOT = "SCHEDULER_ROOT"
OPTIONS = ("--period", "--from", "--to")
VARIABLES = ("PERIOD_KEY", "PERIOD_FROM", "PERIOD_TO")


@dataclass(frozen=True)
class Request:
    """One call of the runner.

    Attributes:
        job_id: the job to run.
        period: one period's key; empty for the last that ended.
        first, last: the keys of a range of periods, both inclusive; empty for one period.
        shops: ids of the shops to narrow the run to; empty for all.
        again: whether to run what has landed already.
        retry_earlier: whether to try once more what failed for good in earlier periods.
        run_id: names the run in the ledger and the journal.
        attempt: which try of the run this is, from 1.
        root: the project whose registry counts.
        var: the service's directory.
        warehouse_url: where the ledger is; empty for no ledger.
        stop_with_parent: see `interruption.stop_with_parent`.
        all_seconds: how long the whole run may take; 0 for as long as its scripts may.
        grace_seconds: from TERM to KILL.
        lock_wait_seconds: how long to wait for another run of the same period; by default longer
            than the grace, so that a retry outwaits what is left of a killed run.
        heartbeat_seconds: between two signs of life in the ledger.
    """

    job_id: str
    period: str
    first: str
    last: str
    shops: tuple[str, ...]
    again: bool
    retry_earlier: bool
    run_id: str
    attempt: int
    root: Path
    var: Path
    warehouse_url: str
    stop_with_parent: str
    all_seconds: float
    grace_seconds: float
    lock_wait_seconds: float
    heartbeat_seconds: float


def understand(words: Namespace, environment: Mapping[str, str]) -> Request:
    """Put the command line's words and the environment together; words win.

    Args:
        words: `job_id`, `period`, `first`, `last`, `shops`, `again`, `root` as parsed.
        environment: usually `os.environ`.

    Raises:
        ConfigurationError: a number is none, a period and a range are both given, or what names
            a period or the shops names none.
    """
    for option, word in zip(OPTIONS, (words.period, words.first, words.last), strict=True):
        named_period(option, word)
    by_words = bool(words.period or words.first or words.last)
    said: Mapping[str, str] = {} if by_words else environment
    period = words.period or said.get("PERIOD_KEY", "")
    first = words.first or said.get("PERIOD_FROM", "")
    last = words.last or said.get("PERIOD_TO", "")
    _check_range(period, first, last, OPTIONS if by_words else VARIABLES)
    listed = environment.get("SHOPS") if not words.shops else None
    return Request(
        job_id=words.job_id,
        period=period,
        first=first,
        last=last,
        shops=named_shops(words.shops or ()) if listed is None else _listed_shops(listed),
        again=words.again or environment.get("AGAIN") == "1",
        retry_earlier=environment.get(RETRY_EARLIER) == "1",
        run_id=environment.get("RUN_ID") or f"manual__{_now()}",
        attempt=int(_number(environment, "ATTEMPT", 1)),
        root=Path(words.root).absolute() if words.root else project_root(environment),
        var=var_folder(environment),
        warehouse_url=environment.get("WAREHOUSE_URL", ""),
        stop_with_parent=environment.get("STOP_WITH_PARENT", ""),
        all_seconds=_number(environment, ALL_SECONDS, 0),
        grace_seconds=_number(environment, GRACE, 10),
        lock_wait_seconds=_number(environment, LOCK_WAIT, 15),
        heartbeat_seconds=_number(environment, HEARTBEAT, HEARTBEAT_SECONDS),
    )


def _check_range(period: str, first: str, last: str, names: tuple[str, str, str]) -> None:
    one, begin, end = names
    if first and not last:
        raise ConfigurationError(
            f"{begin} {first!r} has no {end}: add {end} with the last period, or for one period "
            f"write {one} in its place"
        )
    if last and not first:
        raise ConfigurationError(f"{end} {last!r} has no {begin}: add {begin}, the first period")
    if period and first:
        raise ConfigurationError(
            f"{one} {period!r} and {begin} {first!r} do not go together: leave {one} out, or "
            f"{begin} and {end}"
        )


def project_root(environment: Mapping[str, str]) -> Path:
    """Return the project whose registry counts."""
    return Path(environment.get(ROOT) or PROJECT_ROOT).absolute()


def named_period(option: str, word: str | None) -> str | None:
    """Return the key of the period after an option, None where the option was left out.

    Raises:
        ConfigurationError: the word names none, as an unset variable does: that is not the last.
    """
    if word is not None and not word.strip():
        raise ConfigurationError(
            f"{option} {word!r} names no period; is the variable that it comes from set? For the "
            f"last one that ended leave {option} out"
        )
    return word


def named_shops(words: Sequence[str]) -> tuple[str, ...]:
    """Return the shops that the words after `--shop` name.

    Raises:
        ConfigurationError: a word names none, as an unset variable does, or several: no shop is
            not every shop.
    """
    for word in words:
        if "," in word:
            each = " ".join(f"--shop {one.strip()}" for one in word.split(",") if one.strip())
            example = f", as in {each}" if each else ""
            problem = f"is no shop's id: write one --shop for each shop{example}"
            raise ConfigurationError(f"--shop {word!r} {problem}")
        if not word.strip():
            raise ConfigurationError(
                f"--shop {word!r} names no shop; is the variable that it comes from set? For all "
                "shops leave --shop out"
            )
    return tuple(dict.fromkeys(word.strip() for word in words))


def _listed_shops(listed: str) -> tuple[str, ...]:
    """Return the shops of the variable SHOPS."""
    shops = tuple(dict.fromkeys(shop.strip() for shop in listed.split(",") if shop.strip()))
    if not shops:
        raise ConfigurationError(
            f"SHOPS {listed!r} names no shop: write ids with commas between them, or for all shops "
            "unset SHOPS"
        )
    return shops


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} {text!r} is not a number: write it like 10") from None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")

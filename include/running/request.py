"""What the runner is called with: the command line's words and its environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from include import var_folder
from include.errors import ConfigurationError
from include.heartbeats import HEARTBEAT, HEARTBEAT_SECONDS
from include.running.asked import Asked
from include.running.environment import (
    ALL_SECONDS,
    GRACE,
    LOCK_WAIT,
    RETRY_EARLIER,
    project_root,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping


@dataclass(frozen=True)
class Request:
    """One call of the runner.

    Attributes:
        job_id: the job to run.
        asked: for which periods and shops.
        retry_earlier: whether to retry, once, what failed in earlier periods.
        run_id: names the run in the ledger and the journal.
        attempt: which try of the run this is, from 1.
        root: the project whose registry counts.
        var: the service's directory.
        warehouse_url: where the ledger is; empty for no ledger.
        stop_with_parent: see `signals.stop_with_parent`.
        all_seconds: how long the whole run may take; 0 for as long as its scripts may.
        grace_seconds: from TERM to KILL.
        lock_wait_seconds: how long to wait for another run of the same period; by default longer
            than the grace, so that a retry outwaits what is left of a killed run.
        heartbeat_seconds: between two heartbeats in the ledger.
    """

    job_id: str
    asked: Asked
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

    @classmethod
    def of(cls, words: Namespace, environment: Mapping[str, str]) -> Request:
        """Put the command line's words and the environment together; words win.

        Args:
            words: `job_id` and `root` as parsed, and what `Asked.from_words` reads.
            environment: usually `os.environ`.

        Raises:
            ConfigurationError: a number is invalid, or what is asked for is.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        return cls(
            job_id=words.job_id,
            asked=Asked.from_words(words, environment),
            retry_earlier=environment.get(RETRY_EARLIER) == "1",
            run_id=environment.get("RUN_ID") or f"manual__{now}",
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


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} {text!r} is not a number: write it like 10") from None

"""The states of a unit: what the ledger says of it, and what only the clock knows."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """How a unit is.

    `pending` is a unit whose turn has not come: it is written down already, or its run was to start
    a few minutes ago. From then on it is `missed`, whether somebody has written it down or not.
    `provisional` was pulled before it was due, and is pulled again when it is; until then it counts
    as not due yet. `unrepairable` was due, has not landed, and its script cannot bring it any more.
    `miscounted` failed because the source itself counts other rows than have landed.
    `waived` is a gap that somebody has accepted; it counts nowhere.
    """

    NOT_DUE = "not_due"
    PENDING = "pending"
    RUNNING = "running"
    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"
    MISCOUNTED = "miscounted"
    MISSED = "missed"
    LOST = "lost"
    DISABLED = "disabled"
    PROVISIONAL = "provisional"
    UNREPAIRABLE = "unrepairable"
    WAIVED = "waived"

    # Equal to its text for SQL, JSON and sets, and printed like it.
    __hash__ = str.__hash__
    __str__ = str.__str__


LANDED = frozenset({State.OK, State.EMPTY})
# Was due and has not landed, and no run is about to pull it.
GAPS = frozenset({State.FAILED, State.MISCOUNTED, State.MISSED, State.LOST, State.UNREPAIRABLE})
# Marks a unit of which the source counts other rows, wherever it is listed.
MISCOUNTED_SIGN = "≠"
# Not landed, and nothing is wrong; of these, what is not waited for until its run is to start.
TO_COME = (State.NOT_DUE, State.PENDING, State.PROVISIONAL)
WAITING = (State.NOT_DUE, State.PENDING, State.RUNNING, State.PROVISIONAL)

"""A watchdog that is killed with -9 again and again; a program of its own, because it forks.

`python -m tests.alerts.engine.kill_campaign FOLDER KILLS SEED` prints what the robot has got. Each
child does one round on the real store and sends to a robot, a process that counts. It is killed at
a random moment, or at a chosen one between the outbox and the mark; another child then does the
same round and lives.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from include.alerts.engine import judge
from include.alerts.findings import Observed
from include.alerts.outbox import deliver
from include.alerts.store import Store
from tests.alerts.engine.alert_rounds import MORNING, ONE_CHANNEL, TAKEN, configured, service

if TYPE_CHECKING:
    from datetime import datetime

    from include.alerts.findings import Finding
    from include.alerts.messages import Message, Receipt
    from include.alerts.records import Changes, State
    from include.registry.alerts import Channel

# Where a child ends itself; elsewhere its parent ends it.
BEFORE, ASKED, ANSWERED = "before it sends", "when it has asked", "when it was answered"
POINTS = (BEFORE, ASKED, ANSWERED, "")
LONGEST = 0.05  # seconds; about what a round takes
STEP = timedelta(minutes=20)  # so that no budget is reached


class Campaign:
    """The kills, and what is found.

    Args:
        folder: where everything is.
        seed: of all chances.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._configuration = configured(folder, ONE_CHANNEL)
        self._path = folder / "alerts.db"
        self._log = folder / "robot.jsonl"
        self._log.touch()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._address = self._server.getsockname()

    def run(self, kills: int) -> None:
        """Do rounds until so many were killed, each with something new that is wrong."""
        robot = os.fork()
        if robot == 0:
            self._be_the_robot()
        self._server.close()
        killed, now = 0, MORNING
        while killed < kills:
            now += STEP
            # Each is wrong for two rounds, and then over.
            turn = int((now - MORNING) / STEP) // 2
            findings = (service(f"part-{turn}"), service(f"other-{turn}"))
            killed += self._child(findings, now, self._chance.choice(POINTS))
            self._child(findings, now, None)
        for _ in range(3):
            now += STEP
            self._child((), now, None)
        os.kill(robot, signal.SIGTERM)
        os.waitpid(robot, 0)

    def _child(self, findings: tuple[Finding, ...], now: datetime, point: str | None) -> bool:
        """Do a round in a child; return whether it was killed. Without a point it is not."""
        child = os.fork()
        if child == 0:
            self._be_the_watchdog(findings, now, point)
        if point == "":
            time.sleep(self._chance.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)

    def _be_the_watchdog(
        self, findings: tuple[Finding, ...], now: datetime, point: str | None
    ) -> None:
        async def send(channel: Channel, message: Message) -> Receipt:
            del channel
            _die_at(point, BEFORE)
            with socket.create_connection(self._address) as robot:
                robot.sendall(json.dumps(message.plain()).encode() + b"\n")
                _die_at(point, ASKED)
                robot.recv(1)
            _die_at(point, ANSWERED)
            return TAKEN

        def judged(state: State) -> Changes:
            return judge(state, Observed(findings), self._configuration, now)

        try:
            store = Store(self._path)
            store.update(judged, now, self._configuration.storm.budget.within)
            asyncio.run(deliver(store, self._configuration, send, lambda: now))
            store.close()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    def _be_the_robot(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with self._log.open("ab", buffering=0) as log:
            while True:
                connection, _ = self._server.accept()
                with connection:
                    asked = connection.makefile("rb").readline()
                    if asked.endswith(b"\n"):
                        log.write(asked)
                    try:
                        connection.sendall(b"0")
                    except OSError:  # it was killed meanwhile
                        continue

    def result(self) -> dict[str, object]:
        """Return what the robot has got, and what the store knows of."""
        store = Store(self._path)
        alerts = store.alerts(MORNING - STEP)
        said = [
            (alert.label, said.what.value, said.message)
            for alert in alerts
            for said in alert.said
            if said.delivered is not None
        ]
        waiting = len(store.waiting())
        store.close()
        texts = [json.loads(line) for line in self._log.read_bytes().splitlines()]
        return {"texts": texts, "said": said, "waiting": waiting, "alerts": len(alerts)}


def _die_at(point: str | None, here: str) -> None:
    if point == here:
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, kills: str, seed: str) -> None:
    """Run a campaign, and print its result."""
    campaign = Campaign(Path(folder), int(seed))
    campaign.run(int(kills))
    print(json.dumps(campaign.result()))  # noqa: T201 - for the test


if __name__ == "__main__":
    main(*sys.argv[1:])

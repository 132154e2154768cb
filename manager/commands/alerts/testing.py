"""`alerts test`: a message to each channel, and what the channel answered."""

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from include import METADATA_URL
from include.alerts import channels
from include.alerts.catalogue import Language
from include.alerts.configuration import load_usable
from include.alerts.connections import ChannelConnections, read_connections
from include.alerts.messages import Message, Receipt
from include.alerts.store import Store
from include.alerts.watching.airflow_database import opened
from include.alerts.watching.health import DatabaseGoneError
from include.errors import ConfigurationError, ExpectedError
from include.language import N_, _
from include.registry.alerts import ALERTS_FILE, AlertConfiguration, Channel
from include.text import suggestion
from manager.alert_store import alert_store
from manager.commands.alerts.listing import NO_CHANNEL
from manager.journal import user_name
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment
from manager.table import print_json

ALL_TAKEN, REFUSED = 0, 1
TITLE = N_("[Test] channel {channel} takes messages")
LINE = N_("{by} ran `{command}` at {at}. Nothing is wrong, and nothing is to be done.")


def test(layout: Layout, arguments: Namespace) -> int:
    """Send a message to each channel, or to one, and print what it answered.

    Returns:
        0 when all have taken it, else 1.

    Raises:
        ConfigurationError: there is no such channel, or its entry is wrong.
        ExpectedError: none is configured, or the service was never started.
    """
    configuration = load_usable(layout.root, layout.var)
    chosen = _chosen(configuration, arguments.channel)
    receipts = tried(layout, chosen, configuration)
    if arguments.json:
        sent = [_as_dict(channel, receipts[channel.id]) for channel in chosen]
        print_json({"sent": sent, "problems": [*map(str, configuration.problems)]})
    else:
        for channel in chosen:
            print("\n".join(receipt_lines(channel, receipts[channel.id])))
        for problem in configuration.problems:
            print(problem)
    return ALL_TAKEN if all(one.delivered for one in receipts.values()) else REFUSED


def tried(
    layout: Layout,
    chosen: list[Channel],
    configuration: AlertConfiguration,
    command: str = "alerts test",
) -> dict[str, Receipt]:
    """Send a message to channels, which says by what command; return what each answered, by its id.

    Raises:
        ExpectedError: the service was never started, or what is kept cannot be written.
    """
    now = datetime.now(timezone.utc)
    with alert_store(layout) as store:
        variables = _variables(layout, store, [one.connection for one in chosen], now)
        receipts = asyncio.run(_sent(chosen, variables, configuration, now, command))
        for name, receipt in receipts.items():
            if receipt.delivered and name in configuration.channels:
                store.prove(name, receipt, now)  # what waits for it need not wait any longer
    return receipts


def receipt_lines(channel: Channel, receipt: Receipt) -> list[str]:
    """Return what a channel answered, and what to do about it, in lines."""
    said = " ".join(filter(None, (receipt.code, receipt.answer)))
    text = N_("{channel} ({kind}, connection {connection}) did not take it: {said}")
    if receipt.delivered:
        text = N_("{channel} ({kind}, connection {connection}) took it: {said}")
    lines: list[str] = [
        _(text, channel=channel.id, kind=channel.kind, connection=channel.connection, said=said)
    ]
    if receipt.remedy:
        lines.append(f"  {receipt.remedy}")
    if receipt.temporary and not receipt.delivered:
        text = N_("  it may pass by itself: `{manager} alerts test {channel}` tries again")
        lines.append(_(text, channel=channel.id))
    return lines


def _chosen(configuration: AlertConfiguration, asked: str | None) -> list[Channel]:
    known, problems = configuration.channels, configuration.problems
    if asked in known:
        return [known[asked]]
    if asked is None and known:
        return [*known.values()]
    if problems and (asked in configuration.said or not known):
        own = [problem for problem in problems if problem.job_id == asked]
        raise ConfigurationError("\n".join(map(str, own or problems)))
    if not known:
        raise ExpectedError(NO_CHANNEL, file=ALERTS_FILE)
    raise ConfigurationError(
        "channel {asked!r} is not in {file}: {suggestion}",
        asked=asked,
        file=ALERTS_FILE,
        suggestion=suggestion(str(asked), known),
    )


def _variables(layout: Layout, store: Store, ids: list[str], now: datetime) -> Mapping[str, str]:
    """Return connections as the watchdog has them: Airflow's, or what was kept of them."""
    environment = component_environment(layout, remembered(layout))
    credentials = ChannelConnections(store, environment)
    with (
        suppress(SQLAlchemyError, DatabaseGoneError),
        opened(environment[METADATA_URL]) as connection,
    ):
        credentials.refresh(read_connections(connection, ids, credentials.keys), ids, now)
    return credentials.variables(ids)


async def _sent(
    chosen: list[Channel],
    variables: Mapping[str, str],
    configuration: AlertConfiguration,
    now: datetime,
    command: str,
) -> dict[str, Receipt]:
    language = Language(configuration.general.language)
    at = now.astimezone(ZoneInfo(configuration.general.timezone))
    line = language.say(LINE, by=user_name(), command=command, at=f"{at:%m-%d %H:%M}")

    async def to(channel: Channel) -> Receipt:
        """Send to one channel."""
        message = Message(language.say(TITLE, channel=channel.id), (line,))
        return await channels.send_by(channel, variables, message, language.name)

    receipts = await asyncio.gather(*map(to, chosen))
    return {channel.id: receipt for channel, receipt in zip(chosen, receipts, strict=True)}


def _as_dict(channel: Channel, receipt: Receipt) -> dict[str, Any]:
    return {
        "channel": channel.id,
        "kind": channel.kind,
        "connection": channel.connection,
        "delivered": receipt.delivered,
        "code": receipt.code,
        "answer": receipt.answer,
        "remedy": receipt.remedy or None,
        "temporary": receipt.temporary,
    }

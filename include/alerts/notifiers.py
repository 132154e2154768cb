"""The channels as Airflow notifiers, for callbacks and deadlines of DAGs that are written by hand.

on_failure_callback=DingTalkNotifier(
    connection="alert_dingtalk",
    title="{{ dag.dag_id }} failed",
    text="{{ ti.task_id }}: {{ exception }}",
)
DeadlineAlert(..., callback=AsyncCallback(FeishuNotifier, {"connection": "alert_feishu", ...}))
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseNotifier, Connection

from include.alerts.channels import Channel, Credentials, send
from include.alerts.messages import Message
from include.errors import ExpectedError
from include.secrets.values import variable_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

FIELDS = ("conn_type", "host", "login", "password", "port", "schema", "extra")


class NotDeliveredError(ExpectedError):
    """A message that was not taken; its text says what the channel answered, and what to do."""


class ChannelNotifier(BaseNotifier):
    """Sends one message by a channel, once; `notify` and `async_notify` raise when it is not taken.

    Args:
        connection: the Airflow connection that holds the channel's address and secret.
        title: the message's first line.
        text: what follows, in lines.
        mention: whom to call: phone numbers, the platform's user ids, or `all`.
        keyword: a word that the robot wants in each message.
        language: of what is added where a message is too long, and of remedies: `zh` or `en`.
        context: what a callback's templates are filled from; Airflow gives it.

    Raises:
        NotDeliveredError: the channel did not take it.
        ConfigurationError: the connection cannot be read.
    """

    kind: ClassVar[str]
    template_fields: Sequence[str] = ("connection", "title", "text", "mention", "keyword")

    def __init__(
        self,
        *,
        connection: str,
        title: str,
        text: str = "",
        mention: Sequence[str] = (),
        keyword: str = "",
        language: str = "zh",
        context: Context | None = None,
    ) -> None:
        super().__init__(context)
        self.connection = connection
        self.title = title
        self.text = text
        self.mention = mention
        self.keyword = keyword
        self.language = language

    def notify(self, context: Context) -> None:
        """Send it, where no event loop runs, as in the callbacks of tasks and DAGs."""
        del context  # the templates are filled
        credentials = _credentials(Connection.get(self.connection))
        asyncio.run(self._send(credentials))

    async def async_notify(self, context: Context) -> None:
        """Send it in an event loop, as that of the triggerer, where deadlines call back."""
        del context  # the same
        await self._send(_credentials(await Connection.async_get(self.connection)))

    async def _send(self, credentials: Credentials) -> None:
        message = Message(self.title, tuple(self.text.splitlines()), tuple(self.mention))
        receipt = await send(self._channel(), credentials, message)
        if not receipt.delivered:
            raise NotDeliveredError(
                "{kind} did not take the message ({code}): {answer}; {remedy}",
                kind=self.kind,
                code=receipt.code,
                answer=receipt.answer,
                remedy=receipt.remedy,
            )
        self.log.info("%s has taken the message", self.kind)

    def _channel(self) -> Channel:
        return Channel(self.connection, self.kind, self.keyword, (), self.language)


class DingTalkNotifier(ChannelNotifier):
    """Sends to a group robot of DingTalk (钉钉)."""

    kind = "dingtalk"


class FeishuNotifier(ChannelNotifier):
    """Sends to a group robot of Feishu (飞书)."""

    kind = "feishu"


class LarkNotifier(ChannelNotifier):
    """Sends to a group robot of Lark."""

    kind = "lark"


class WeComNotifier(ChannelNotifier):
    """Sends to a group robot of WeCom (企业微信)."""

    kind = "wecom"


class WebhookNotifier(ChannelNotifier):
    """Sends JSON to an address of the team's own."""

    kind = "webhook"


class EmailNotifier(ChannelNotifier):
    """Sends an e-mail.

    Args:
        to: whom it goes to.
        arguments: as those of all channels.
    """

    kind = "email"
    template_fields: Sequence[str] = (*ChannelNotifier.template_fields, "to")

    def __init__(self, *, to: Sequence[str], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.to = to

    def _channel(self) -> Channel:
        return Channel(self.connection, self.kind, "", tuple(self.to), self.language)


def _credentials(connection: Connection) -> Credentials:
    """Read a connection the way the watchdog does."""
    fields = {name: getattr(connection, name) for name in FIELDS}
    conn_id = connection.conn_id
    return Credentials.from_env(conn_id, {variable_of(conn_id): json.dumps(fields)})

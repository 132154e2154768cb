"""What config/alerts.yaml may say: every key, its default and its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from include.language import _
from include.registry import fields  # noqa: TC001 - pydantic reads the annotations
from include.registry.alerts.values import (
    KINDS,
    Also,
    Budget,
    BudgetText,
    ChannelId,
    ChannelKind,
    Email,
    Group,
    Kind,
    Language,
    RoutedKind,
)

if TYPE_CHECKING:
    from include.registry.problems import Problem

WITH_KEYWORD = ("dingtalk", "feishu", "lark")
LONGEST_MUTE = timedelta(days=31)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(_Part):
    """Where messages go."""

    id: ChannelId = Field(description="what routes and commands call it; unique", examples=["ops"])
    kind: ChannelKind = Field(
        description="dingtalk, feishu, lark, wecom, email or webhook", examples=["dingtalk"]
    )
    connection: fields.ConnectionId = Field(
        description="the Airflow connection that holds its secret", examples=["alert_dingtalk"]
    )
    keyword: fields.Line = Field(
        default="",
        description="the word that the robot asks for in each message (dingtalk, feishu, lark)",
        examples=["数据"],
    )
    mention: list[fields.Line] = Field(
        default=[],
        description="who is mentioned when something is wrong: mobile numbers (dingtalk, wecom), "
        "open_ids (feishu, lark), or all",
        examples=[["13800000000"]],
    )
    to: list[Email] = Field(
        default=[],
        validate_default=True,
        description="who gets the mail; for kind email only",
        examples=[["boss@example.com"]],
    )

    @field_validator("keyword")
    @classmethod
    def _is_of_a_robot(cls, keyword: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind", WITH_KEYWORD[0])
        if kind not in WITH_KEYWORD:
            told = _("is for {kinds}, and this is {kind}: remove it", kinds=WITH_KEYWORD, kind=kind)
            raise ValueError(told)
        return keyword

    @field_validator("mention")
    @classmethod
    def _is_no_mail(cls, mention: list[str], info: ValidationInfo) -> list[str]:
        kind = info.data.get("kind")
        if mention and kind in ("email", "webhook"):
            raise ValueError(_("is for robots, and this is {kind}: remove it", kind=kind))
        return mention

    @field_validator("to")
    @classmethod
    def _is_of_mail(cls, to: list[str], info: ValidationInfo) -> list[str]:
        kind = info.data.get("kind")
        if kind == "email" and not to:
            raise ValueError(_("is missing: add it, as in to: [boss@example.com]"))
        if to and kind not in ("email", None):
            raise ValueError(_("is for email, and this is {kind}: remove it", kind=kind))
        return to


class Route(_Part):
    """Which alerts a channel gets; the first that fits counts for a channel."""

    to: ChannelId = Field(description="the channel", examples=["ops"])
    on: list[RoutedKind] = Field(
        default=list(KINDS),
        description="kinds of alerts, all unless given; and what comes only where it is named: "
        "complete, each time that a period of a contract is complete, or its rows have changed; "
        "drift, when a platform has a new field or value, or one goes missing",
        examples=[["late"]],
    )
    after: fields.Duration = Field(
        default=timedelta(),
        description="only what is still wrong this long after it was found, as an escalation",
        examples=["60m"],
        json_schema_extra={"default": "0s"},
    )
    platforms: list[fields.Platform] = Field(
        default=[], description="only jobs of these platforms", examples=[["erp", "jd"]]
    )
    tags: list[fields.Tag] = Field(
        default=[], description="only jobs with one of these tags", examples=[["质量"]]
    )
    mention: list[fields.Line] | None = Field(
        default=None,
        description="who is mentioned, in place of the channel's own",
        examples=[["13800000000"]],
    )


class Digest(_Part):
    """The daily message, which comes also when all is well."""

    at: fields.TimeOfDay = Field(
        default=time(9, 30),
        description="when it comes",
        examples=["09:30"],
        json_schema_extra={"default": "09:30"},
    )
    to: list[ChannelId] = Field(
        default=[], description="the channels that get it; all unless given", examples=[["ops"]]
    )
    also: Also | None = Field(
        default=None,
        description="all_landed: one more, as soon as all that is due on a day has landed",
        examples=["all_landed"],
    )


class Quiet(_Part):
    """The hours of the day in which messages are held; afterwards they come as one."""

    from_time: fields.TimeOfDay = Field(
        alias="from", description="when they begin", examples=["22:30"]
    )
    until: fields.TimeOfDay = Field(description="when they end", examples=["07:00"])
    except_kinds: list[RoutedKind] = Field(
        default=[Kind.SERVICE.value],
        alias="except",
        description="the kinds that are sent all the same",
        examples=[["service"]],
    )

    @field_validator("until")
    @classmethod
    def _is_another_time(cls, until: time, info: ValidationInfo) -> time:
        if until == info.data.get("from_time"):
            told = _("is {time:%H:%M} like 'from': write another, or remove 'quiet'", time=until)
            raise ValueError(told)
        return until


class Storm(_Part):
    """How many messages there may be when much is wrong at once."""

    group: Group = Field(
        default=3,
        description="from so many jobs of one platform with one cause on they are one message",
        examples=[3],
    )
    budget: BudgetText = Field(
        default=Budget(6, timedelta(minutes=10)),
        description="how many messages a channel gets at most; the rest comes in one",
        examples=["6/10m"],
        json_schema_extra={"default": "6/10m"},
    )


class Heartbeat(_Part):
    """An address that is called while all is watched, and misses the call when it is not."""

    connection: fields.ConnectionId = Field(
        description="the Airflow connection that holds the address", examples=["alert_heartbeat"]
    )
    every: fields.PositiveDuration = Field(
        default=timedelta(minutes=5),
        description="how often it is called",
        examples=["5m"],
        json_schema_extra={"default": "5m"},
    )


class Mute(_Part):
    """A job, or one shop of it, of which nothing is said for a while."""

    job: fields.JobId = Field(description="the job", examples=["pdd_review"])
    shop: fields.ShopId | None = Field(
        default=None, description="only this shop of it", examples=["pdd-3"]
    )
    until: fields.Day = Field(description="the last day of it", examples=["2026-12-05"])
    reason: fields.Line = Field(description="why", examples=["店铺装修停业"])
    by: fields.Line = Field(default="", description="who says so", examples=["林"])


class General(_Part):
    """What holds for all."""

    language: Language = Field(
        default="zh", description="the language of the messages: zh or en", examples=["zh"]
    )
    timezone: fields.Zone = Field(
        default="Asia/Shanghai",
        description="IANA name of the zone whose clock digest and quiet hours follow",
        examples=["Asia/Shanghai"],
    )
    repeat: fields.PositiveDuration = Field(
        default=timedelta(days=1),
        description="what is still wrong so long after it was said is said again",
        examples=["24h"],
    )


class AlertsFile(General):
    """The whole file, as editors check it."""

    channels: list[Channel] = Field(default=[], description="where messages go", examples=[[]])
    routes: list[Route] = Field(
        default=[],
        description="which alerts a channel gets; all go to all channels unless given",
        examples=[[{"to": "ops", "on": ["late", "service"]}]],
    )
    digest: Digest = Field(
        default_factory=Digest,
        description="the daily message, which comes also when all is well",
        examples=[{"at": "09:30", "to": ["ops"]}],
    )
    quiet: Quiet | None = Field(
        default=None,
        description="hours in which messages are held; afterwards they come as one",
        examples=[{"from": "22:30", "until": "07:00", "except": ["service"]}],
    )
    storm: Storm = Field(
        default_factory=Storm,
        description="how many messages there may be when much is wrong at once",
        examples=[{"group": 3, "budget": "6/10m"}],
    )
    heartbeat: Heartbeat | None = Field(
        default=None,
        description="an address that is called while all is watched",
        examples=[{"connection": "alert_heartbeat", "every": "5m"}],
    )
    mutes: list[Mute] = Field(
        default=[],
        description="jobs, or shops of them, of which nothing is said for a while",
        examples=[[{"job": "pdd_review", "until": "2026-12-05", "reason": "店铺装修停业"}]],
    )


@dataclass(frozen=True)
class AlertConfiguration:
    """What config/alerts.yaml says."""

    # The valid ones by id, in the file's order
    channels: dict[str, Channel] = field(default_factory=dict)
    # The valid ones, in the file's order; none: all goes to all channels
    routes: tuple[Route, ...] = ()
    mutes: tuple[Mute, ...] = ()  # the valid ones
    general: General = field(default_factory=General)  # language, time zone, repetition
    digest: Digest = field(default_factory=Digest)  # when the daily message comes, and to whom
    storm: Storm = field(default_factory=Storm)  # how many messages there may be
    quiet: Quiet | None = None  # the hours in which messages are held, if there are any
    heartbeat: Heartbeat | None = None  # the address that is called, if there is one
    problems: tuple[Problem, ...] = ()  # what is wrong in it
    # The ids of all channels, the invalid ones too, each with its line
    said: dict[str, int] = field(default_factory=dict)

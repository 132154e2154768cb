"""Loads config/alerts.yaml: every valid part and every problem, whatever the file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from include import PROJECT_ROOT
from include.language import N_, _
from include.registry.alerts.schema import (
    LONGEST_MUTE,
    AlertConfiguration,
    Channel,
    Digest,
    General,
    Heartbeat,
    Mute,
    Quiet,
    Route,
    Storm,
)
from include.registry.entries import Entry, rivals
from include.registry.paths import ALERTS_FILE
from include.registry.problems import Problem, costing_only
from include.registry.user_files import UnreadableError, read_bytes
from include.registry.validation import validate
from include.registry.yaml_positions import MAPPING, compose
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from pydantic import BaseModel
    from yaml.nodes import Node

    from include.registry.registry import Registry

EMPTY = N_("write 'channels: []' into it, or add a channel")
# The lists, each with the first key of an entry; and the mappings, each as it may be written.
LISTS: dict[str, tuple[type[BaseModel], str]] = {
    "channels": (Channel, "id"),
    "routes": (Route, "to"),
    "mutes": (Mute, "job"),
}
PARTS: dict[str, tuple[type[BaseModel], str]] = {
    "digest": (Digest, '{at: "09:30"}'),
    "quiet": (Quiet, '{from: "22:30", until: "07:00"}'),
    "storm": (Storm, "{group: 3, budget: 6/10m}"),
    "heartbeat": (Heartbeat, "{connection: alert_heartbeat}"),
}
KEYS = [*LISTS, *PARTS, *General.model_fields]


def load_alerts(
    root: Path = PROJECT_ROOT, registry: Registry | None = None, now: datetime | None = None
) -> AlertConfiguration:
    """Read a project's file; what is wrong with one part of it costs that part alone.

    Args:
        root: the project root.
        registry: where the jobs, shops and tags that it names must be; what names another is a
            problem, and costs nothing: a job that is broken must not take its alerts with it.
        now: aware; from when on mutes hold, for whom it matters that they do not hold too long.
    """
    if not (root / ALERTS_FILE).exists():  # a project without channels needs no such file
        return AlertConfiguration()
    try:
        raw = read_bytes(root, ALERTS_FILE)
    except UnreadableError as error:
        return AlertConfiguration(problems=(error.problem,))
    return read_alerts(raw, registry, now)


def read_alerts(
    raw: bytes, registry: Registry | None = None, now: datetime | None = None
) -> AlertConfiguration:
    """Read what the file holds, as `load_alerts` does."""
    reading = _Reading()
    with costing_only(ALERTS_FILE, 1, None, reading.problems):
        try:
            document = compose(ALERTS_FILE, raw, EMPTY)
        except UnreadableError as error:
            reading.problems.append(error.problem)
        else:
            reading.read(document, set() if b"&" in raw else None)
            if registry is not None and not registry.problems:
                reading.compare(registry)
            if now is not None:
                reading.check_mutes(now)
    return reading.configuration()


class _Reading:
    """Collects what the file says."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []  # what is wrong in it
        self._said: dict[str, int] = {}
        # What is made of each key's value, with where it stands.
        self._items: dict[str, list[tuple[Entry, Any]]] = {name: [] for name in LISTS}
        self._parts: dict[str, tuple[Entry, Any]] = {}

    def read(self, document: Node, seen: set[int] | None) -> None:
        """Read the whole document; `seen` as an `Entry` takes it."""
        if not isinstance(document, MappingNode):
            self._report(document, _("is not a mapping: begin it with the line 'channels:'"))
            return
        general: list[tuple[Node, Node]] = []
        for key, value in self._pairs(document):
            name = key.value
            if name in LISTS:
                self._read_list(name, value, seen)
            elif name in PARTS:
                self._read_part(name, value, seen)
            elif name in General.model_fields:
                general.append((key, value))
            else:
                near = suggestion(name, KEYS)
                self._report(key, _("unknown key {key}: {repair}", key=quoted(name), repair=near))
        mapping = MappingNode(MAPPING, general, document.start_mark, document.end_mark)
        if made := self._made(Entry(ALERTS_FILE, mapping, seen), General):
            self._parts["general"] = made
        self._refuse_rivals()
        self._refuse_unknown_channels()

    def compare(self, registry: Registry) -> None:
        """Note what names jobs, shops, platforms or tags that are not in the registry."""
        jobs, shops = registry.jobs, registry.shops
        platforms = {shop.platform for shop in shops.values()}
        platforms |= {job.platform for job in jobs.values() if job.platform}
        tags = {tag for job in jobs.values() for tag in job.tags}
        for entry, route in self._items["routes"]:
            for place, platform in enumerate(route.platforms):
                self._expect(platform, platforms, entry, ("platforms", place))
            for place, tag in enumerate(route.tags):
                self._expect(tag, tags, entry, ("tags", place))
        for entry, mute in self._items["mutes"]:
            self._expect(mute.job, jobs, entry, ("job",))
            if mute.shop is not None:
                self._expect(mute.shop, shops, entry, ("shop",))
            if (job := jobs.get(mute.job)) and mute.shop in shops:
                own = [shop.id for shop in shops.values() if shop.platform == job.platform]
                if mute.shop not in own:
                    told = _(
                        "shop {shop} is no shop of job '{job}': {near}", shop=quoted(mute.shop),
                        job=job.id, near=suggestion(mute.shop, sorted(own)),
                    )  # fmt: skip
                    self.problems.append(entry.problem(("shop",), told))

    def check_mutes(self, now: datetime) -> None:
        """Note mutes that would hold for too long, and so do not."""
        _entry, general = self._parts.get("general", (None, General()))
        today = now.astimezone(ZoneInfo(general.timezone)).date()
        for entry, mute in self._items["mutes"]:
            if mute.until > (latest := today + LONGEST_MUTE):
                message = _(
                    "until '{until}' is more than {days} days away, so it is not muted: write "
                    "{latest} or earlier, and mute it again then",
                    until=mute.until, days=LONGEST_MUTE.days, latest=latest,
                )  # fmt: skip
                self.problems.append(entry.problem(("until",), message))

    def configuration(self) -> AlertConfiguration:
        """Return what was found."""
        self.problems.sort(key=lambda problem: (problem.line, problem.column))
        made = {name: part for name, (_entry, part) in self._parts.items()}
        return AlertConfiguration(
            channels={channel.id: channel for _entry, channel in self._items["channels"]},
            routes=tuple(route for _entry, route in self._items["routes"]),
            mutes=tuple(mute for _entry, mute in self._items["mutes"]),
            problems=tuple(self.problems),
            said=self._said,
            **made,
        )

    def _pairs(self, document: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
        """Yield the keys with their values, each key once."""
        lines: dict[str, int] = {}
        for key, value in document.value:
            if not isinstance(key, ScalarNode):
                self._report(key, _("a key is a list or a mapping: write a plain word"))
            elif key.value in lines:
                told = _(
                    "key {key} is there twice (the first is in line {line}): remove one",
                    key=quoted(key.value), line=lines[key.value],
                )  # fmt: skip
                self._report(key, told)
            else:
                lines[key.value] = key.start_mark.line + 1
                yield key, value

    def _read_list(self, name: str, value: Node, seen: set[int] | None) -> None:
        model, first = LISTS[name]
        if not isinstance(value, SequenceNode):
            told = _(
                "'{key}' is not a list: begin each entry below it with '- {first}:'",
                key=name, first=first,
            )  # fmt: skip
            if value.value == "":
                told = _("{problem} (without any, write [])", problem=told)
            self._report(value, told)
            return
        for node in value.value:
            entry = Entry(ALERTS_FILE, node, seen)
            if not isinstance(node, MappingNode):
                told = _(
                    "an entry of '{key}' is not a mapping: begin it with '- {first}:'",
                    key=name, first=first,
                )  # fmt: skip
                self._report(node, told)
                continue
            if name == "channels" and entry.said_id:
                self._said.setdefault(entry.said_id, entry.line)
            if made := self._made(entry, model):
                self._items[name].append(made)

    def _read_part(self, name: str, value: Node, seen: set[int] | None) -> None:
        model, example = PARTS[name]
        if not isinstance(value, MappingNode):
            told = _(
                "'{key}' is not a mapping: write it like {key}: {example}",
                key=name, example=example,
            )  # fmt: skip
            self._report(value, told)
        elif made := self._made(Entry(ALERTS_FILE, value, seen), model):
            self._parts[name] = made

    def _made(self, entry: Entry, model: type[BaseModel]) -> tuple[Entry, Any] | None:
        with costing_only(ALERTS_FILE, entry.line, entry.said_id, self.problems):
            made = validate(entry, model, None)
            if not isinstance(made, list):
                return entry, made
            self.problems += made
        return None

    def _refuse_rivals(self) -> None:
        """Refuse ids that are there twice, of channels that are valid otherwise."""
        channels = self._items["channels"]
        others = rivals((entry.said_id, entry) for entry, _channel in channels)
        for entry, other in others.items():
            message = _(
                "id '{id}' is also in line {line}: nothing is sent to either until one of them "
                "has another id, or is removed",
                id=entry.said_id, line=other.line,
            )  # fmt: skip
            self.problems.append(entry.problem(("id",), message))
        self._items["channels"] = [made for made in channels if made[0] not in others]

    def _refuse_unknown_channels(self) -> None:
        """Drop the routes to channels that are not there, and those of the digest."""
        self._items["routes"] = [
            (entry, route)
            for entry, route in self._items["routes"]
            if self._is_there(route.to, entry, ("to",))
        ]
        if "digest" in self._parts:
            entry, digest = self._parts["digest"]
            to = [
                channel
                for place, channel in enumerate(digest.to)
                if self._is_there(channel, entry, ("to", place))
            ]
            self._parts["digest"] = entry, digest.model_copy(update={"to": to})

    def _is_there(self, channel: str, entry: Entry, path: tuple[int | str, ...]) -> bool:
        if channel in self._said:
            return True
        message = _(
            "to {channel} is no channel: {near}", channel=quoted(channel),
            near=suggestion(channel, self._said) if self._said else _("add it below 'channels:'"),
        )  # fmt: skip
        self.problems.append(entry.problem(path, message))
        return False

    def _expect(
        self, name: str, known: Collection[str], entry: Entry, path: tuple[int | str, ...]
    ) -> None:
        if name not in known:
            message = _(
                "{key} {value} is not in the registry: {near}",
                key=path[0], value=quoted(name), near=suggestion(name, sorted(known)),
            )  # fmt: skip
            self.problems.append(entry.problem(path, message))

    def _report(self, node: Node, message: str) -> None:
        self.problems.append(Entry(ALERTS_FILE, node, None).problem((), message))

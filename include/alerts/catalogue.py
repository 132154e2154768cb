"""All that messages say, in both languages, and how times and spans are written in them.

Reasons of units and what is wrong with the service stand where they are found, in `watching`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from include.language import N_, _, speaking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


DAYS, HOURS, MINUTES = N_("{count} d"), N_("{count} h"), N_("{count} min")
SPANS = (
    (timedelta(days=1), DAYS),
    (timedelta(hours=1), HOURS),
    (timedelta(minutes=1), MINUTES),
)
TWO = 2  # units are enough for a span


class Language:
    """One of the languages of config/alerts.yaml, by its name: `zh` or `en`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, template: str, /, **values: object) -> str:
        """Return a text of a table, its placeholders filled in."""
        with speaking(self.name):
            return _(template, **values)

    def join(self, words: Sequence[str]) -> str:
        """Return words as a list within a sentence."""
        return self.say("{words}", words=words)

    def span(self, span: timedelta) -> str:
        """Return how long something lasted, in its two largest units; a minute at least."""
        left = max(span, timedelta(minutes=1))
        parts: list[str] = []
        for size, unit in SPANS:
            count, left = divmod(left, size)
            if count and len(parts) < TWO:
                parts.append(self.say(unit, count=count))
            elif parts:
                break
        return " ".join(parts)

    @staticmethod
    def moment(moment: datetime, now: datetime) -> str:
        """Return a moment by its clock, with its day where that is not today; both in one zone."""
        clock = f"{moment:%H:%M}"
        return clock if moment.date() == now.date() else f"{moment:%m-%d} {clock}"


# -- What an alert is about
KINDS = {
    Kind.LATE: N_("late"),
    Kind.CREDENTIALS: N_("credentials"),
    Kind.CONFIGURATION: N_("configuration"),
    Kind.QUALITY: N_("rejected"),
    Kind.SERVICE: N_("service"),
    Kind.PAUSED: N_("paused"),
    Kind.AGING: N_("not repaired by itself"),
    Kind.TOKEN: N_("token ends"),
}


def kind_in_words(kind: Kind) -> str:
    """Return what an alert is about, with the key that config/alerts.yaml has for it."""
    word = _(KINDS[kind])
    return word if word == kind.value else _("{word} ({key})", word=word, key=kind.value)


# What those of the service are about
PARTS = {
    "scheduler": N_("scheduler"),
    "dag-processor": N_("DAG processor"),
    "triggerer": N_("triggerer"),
    "api-server": N_("web UI and API"),
    "config-watcher": N_("config-watcher"),
    "contract-events": N_("contract-events"),
    "sandbox": N_("sandbox"),
    "watchdog": N_("watchdog"),
    "journal": N_("journal"),
    "database": N_("Airflow's database"),
    "warehouse": N_("warehouse"),
    "disk": N_("disk"),
    "clock": N_("clock"),
    "supervisord": N_("supervisord"),
}


# -- One alert
TITLES = {
    Kind.LATE: N_("[Late] "),
    Kind.CREDENTIALS: N_("[Credentials] "),
    Kind.CONFIGURATION: N_("[Configuration] "),
    Kind.QUALITY: N_("[Rejected] "),
    Kind.SERVICE: N_("[Service] "),
    Kind.PAUSED: N_("[Paused] "),
    Kind.AGING: N_("[Not repaired by itself] "),
    Kind.TOKEN: N_("[Token] "),
}
NOT_RUN = N_("[Not run] ")
REFUSED = N_("connection {name} is refused")
OF_SHOPS = N_("{subject} (shops: {shops})")
ENDS = N_("that of connection {name} ends {ends}")
DUE = N_("due {due}, {count} of {expected} shops missing:")
DUE_ALONE = N_("due {due}, not landed: {reason}")
NOT_COMPLETE = N_("not complete by {due}, missing: {jobs}:")
OF_JOB = N_("{job} {count}")
BEGAN = N_("it was to start {fire}; until {due} there was no run at all.")
SPREAD = N_("{jobs} jobs wait for it, with the data from {first} on. Trying again is of no use.")
UNIT = N_("{shop}: {reason}")
UNITS = N_("{count} shops ({shops}): {reason}")
REMEDY_OF_UNIT = N_("{said} — {remedy}")
ARRIVED = N_("{count} are right by now: {shops}")
MORE_SHOPS = N_("and {count} more shops")
AND_OTHERS = N_("{shops} …")
REMEDY = N_("To do: {remedy}")
BY_ITSELF = N_("It is tried again by itself; nothing to do yet.")
LINK = N_("See {link}")
RECOVERED = N_("[Recovered] ")
NO_LONGER = N_("[No longer told] ")
ALL_LANDED = N_("all {count} shops have landed")
ONE_LANDED = N_("it has landed")
SOME_LANDED = N_("{landed} of {count} shops have landed")
NONE_MISSING = N_("nothing is missing any more")
RIGHT_AGAIN = N_("it is right again, after {span}")
AFTER_DUE = N_("{said}, {late} after the deadline")


# -- Several alerts in one message, and what is repeated
STORM = N_(
    "[Platform] {platform}: {shops} shops and {jobs} jobs fail at once, for one cause: {cause}"
)
NO_RUNS = N_("{jobs} jobs")
STORM_END = N_("It is tried again and again; if it lasts another {repeat}, you are told once more.")
STILL = N_("[Still] ")
LASTED = N_("since {since}, for {lasted}.")
SUMMARY = N_("[Summary] ")
NEW = N_("{count} new")
BACK = N_("{count} over")
SEVERAL = N_("{count} alerts")
LASTING = N_("{count} not over")
BRIEF = N_("{title}: since {since}")
STILL_BRIEF = N_("{title}: for {lasted}")
MISSING = N_("{said}, {count} shops")
OF_STORM = N_("{subject}: {count} shops, since {since}")
OVER = N_("{said}, over {until}")
AGAIN = N_("sent again, perhaps twice")


# -- The digest
DIGEST = N_("[Daily digest] {at}")
LANDED = N_("{landed} of {expected} have landed")
ALL = N_("{said}, all of them")
LACKS = N_("{said}, {missing} missing ({platforms})")
OF_PLATFORM = N_("{platform} {count}")
NOT_COUNTED = N_("{count} problems in the configuration: what cannot be read is not counted.")
COMPLETE = N_("{name} {period}: complete at {at}")
INCOMPLETE = N_("{name} {period}: not complete, missing: {jobs} (due {due})")
TO_COME = N_("{name} {period}: still to come: {jobs}, due {due}")
UNCHECKED = N_("{name} {period}: all has landed, not confirmed")
UNKNOWN = N_("{name} {period}: not known, its entries have problems")
OF_CONTRACTS = {
    "complete": COMPLETE,
    "unchecked": UNCHECKED,
    "waiting": TO_COME,
    "late": INCOMPLETE,
    "unknown": UNKNOWN,
}
USUAL = N_("Rows against usual: {usual}.")
WAIVED = N_("{count} waived.")
UNREAD = N_("What has landed cannot be read: no count today.")
WELL = N_("No alert is open.")
OPEN = N_("{count} alerts are open:")
OPEN_LINE = N_("{title}, for {lasted}  {number}")
MORE_ALERTS = N_("and {count} more")
MUTED = N_("Muted: {job} ({reason}), {days} more days")
ENDED = N_("No longer muted: {job} ({reason}); alerts come again")
TOKENS = N_("Tokens that end within 3 days: {tokens}")
TOKEN = N_("{connection} ({ends})")
RESTATED = N_("Changed since it landed: {periods}")
CHANGED_PERIOD = N_("{job} D-{days} {more:+,} rows ({changed:,} differ)")
NEW_SHAPES = N_("New in answers: {shapes}")
NEW_SHAPE = N_("{shape} ({where})")
LACKING_SHAPES = N_("Missing from more than a fifth of the rows: {shapes}")
STOPPED = N_("The service was stopped by {by} at {at}")
STARTED = N_("{said}, and started at {at}")
NEXT = N_("The next one comes {at}; if it does not, look at the service.")
ALL_OF_DAY = N_("[All has landed] {day}: all of {expected}.")


# -- A period that is complete
NOW_COMPLETE = N_("[Complete] {name} {period}, {at}")
NOW_RESTATED = N_("[Restated] {name} {period}, {at}, revision {revision}")
AMOUNT = N_("{units} units, {rows} rows")


# -- What answers of a platform have for the first time, or lack
DRIFTED = N_("[Platform changed] {source}")


# -- A channel that fails
CHANNEL_FAILS = N_("channel {channel} takes no messages: {answer}")
TRY_CHANNEL = N_("run `python3 scheduler_manager.py alerts test {channel}`")


# -- What cannot be kept
NOT_KEPT = N_("[Service] alerts cannot be kept")
MEANWHILE = N_("until they can be, this is all that is said; what is wrong now:")

"""`alerts`: what is open and who was told, and what people say to that; standard library only."""

from include.language import N_
from manager.commands.options import JOB, JSON_OF_A_PART, ONE_SHOP, Command, option

PARTS = {
    "test": Command(
        N_(
            "send a message to each channel, or to one, and show what it answered (exit code 1: "
            "one did not take it)"
        ),
        "commands.alerts.testing:test",
        [option("channel CHANNEL", N_("only this one (all)"), nargs="?"), JSON_OF_A_PART],
    ),
    "ack": Command(
        N_("take an alert on: it is neither repeated nor escalated any more"),
        "commands.alerts.answering:ack",
        [option("number NUMBER", N_("as messages show it, such as A123")), JSON_OF_A_PART],
    ),
    "mute": Command(
        N_("say nothing of a job, or of one shop of it, until a day"),
        "commands.alerts.answering:mute",
        [
            *(JOB, ONE_SHOP),
            option(
                "--until DAY",
                N_("the last day of it, as 2026-12-05; at most 31 days from now"),
                required=True,
            ),
            option("--reason TEXT", N_("why nothing is to be said"), required=True),
            JSON_OF_A_PART,
        ],
    ),
    "unmute": Command(
        N_("let alerts of a job, or of one shop of it, come again"),
        "commands.alerts.answering:unmute",
        [JOB, option("--shop ID", N_("the shop that was muted (the whole job)")), JSON_OF_A_PART],
    ),
    "history": Command(
        N_("list the alerts of a while: from when to when, and who was told"),
        "commands.alerts.listing:history",
        [
            option(
                "--since DAY",
                N_("what was found on this day or later, as 2026-11-01 (30 days ago)"),
            ),
            option("--job JOB", N_("only this job (all)")),
            JSON_OF_A_PART,
        ],
    ),
}

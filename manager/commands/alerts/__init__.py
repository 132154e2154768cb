"""`alerts`: what is open and who was told, and what people say to that; standard library only."""

from manager.commands.options import JOB, JSON_OF_A_PART, ONE_SHOP, Command, option

PARTS = {
    "test": Command(
        "send a message to each channel, or to one, and show what it answered (exit code 1: "
        "one did not take it)",
        "commands.alerts.testing:test",
        [option("channel CHANNEL", "only this one (all)", nargs="?"), JSON_OF_A_PART],
    ),
    "ack": Command(
        "take an alert on: it is neither repeated nor escalated any more",
        "commands.alerts.answering:ack",
        [option("number NUMBER", "as messages show it, such as A123"), JSON_OF_A_PART],
    ),
    "mute": Command(
        "say nothing of a job, or of one shop of it, until a day",
        "commands.alerts.answering:mute",
        [
            *(JOB, ONE_SHOP),
            option(
                "--until DAY",
                "the last day of it, as 2026-12-05; at most 31 days from now",
                required=True,
            ),
            option("--reason TEXT", "why nothing is to be said", required=True),
            JSON_OF_A_PART,
        ],
    ),
    "unmute": Command(
        "let alerts of a job, or of one shop of it, come again",
        "commands.alerts.answering:unmute",
        [JOB, option("--shop ID", "the shop that was muted (the whole job)"), JSON_OF_A_PART],
    ),
    "history": Command(
        "list the alerts of a while: from when to when, and who was told",
        "commands.alerts.listing:history",
        [
            option(
                "--since DAY", "what was found on this day or later, as 2026-11-01 (30 days ago)"
            ),
            option("--job JOB", "only this job (all)"),
            JSON_OF_A_PART,
        ],
    ),
}

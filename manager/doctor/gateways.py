"""Every connection, asked who we are there; and the clock against the gateways'."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from include.alerts.watching.clock import TOLERATED_SECONDS, difference_to
from include.errors import ConfigurationError, missing_connection
from include.gateways.connection import EXAMPLE, base_url, read_fields
from include.language import N_, _
from include.platforms.feed.dialect import EXAMPLE as FEED_EXAMPLE
from include.registry.checks import check_project
from include.registry.checks.reporting import WITHOUT_SHOP
from include.secrets.values import variable_of
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at
from manager.doctor.stored import ids_in_use, ids_of_gateways, jobs_without_shops, variables_of
from manager.lifecycle.health import answers
from manager.probing import Answer, Question, answers_to, feed_questions, shop_questions

KEEP_TIME = N_("let the machine keep its time: `sudo timedatectl set-ntp true`")
START = N_("`{manager} start` starts it")
BY_ITSELF = N_(
    "the next run refreshes it by itself; a refusal then fails that run with what to renew"
)


@looks_at(N_("connections"))
def check_connections(patient: Patient) -> Iterator[Finding]:
    """Ask each connection that an enabled shop or a job's feed uses."""
    found = check_project(patient.layout.root)
    variables = variables_of(patient)
    enabled = [shop for shop in found.registry.shops.values() if shop.enabled]
    questions = [*shop_questions(enabled, variables), *feed_questions(found, variables)]
    yield from _still_of_the_sandbox(questions, variables)
    mute = _of_a_sandbox_that_is_down(patient, questions)
    if mute:
        about = _("connections {names}", names=[*dict.fromkeys(question.id for question in mute)])
        text = _(
            "were not asked: the sandbox at {sandbox_url} is not running",
            sandbox_url=patient.ports.sandbox_url,
        )
        yield Finding(WARN, text, _(START), about=about)
    others = [question for question in questions if question not in mute]
    yield from map(finding_of, answers_to(others, variables["WAREHOUSE_URL"]))
    for conn_id in sorted(ids_in_use(found) - {question.id for question in questions}):
        yield _unasked(conn_id, variables)
    for job in jobs_without_shops(found):
        about = _("job {job}", job=job.id)
        yield Finding(WARN, _(WITHOUT_SHOP, platform=job.platform), about=about)


def _still_of_the_sandbox(
    questions: list[Question], variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Name the connections as delivered where others lead to platforms: what they land is no data.

    The mark that they are delivered with is what makes them follow the sandbox's port.
    """
    delivered: dict[str, bool] = {}
    for question in questions:
        with suppress(ConfigurationError):  # said when it is asked
            fields = read_fields(question.id, variables, EXAMPLE)
            delivered[question.id] = fields.extra.get("sandbox") is True
    names = [conn_id for conn_id, is_so in delivered.items() if is_so]
    if names and len(names) < len(delivered):
        about = _("connections {names}", names=names)
        remedy = _(
            "`{manager} connect {names}` asks for the real ones, or write `enabled: false` "
            "into the jobs and shops that need them",
            names=names[0],
        )
        yield Finding(
            WARN, _("still lead to the sandbox, whose rows are made up"), remedy, about=about
        )


def _of_a_sandbox_that_is_down(patient: Patient, questions: list[Question]) -> list[Question]:
    """Return those that would ask our own sandbox, if it does not run."""
    if answers(patient.ports.sandbox):
        return []
    found = []
    for question in questions:
        with suppress(ConfigurationError):  # what is wrong with it is said when it is asked
            if question.connection().base_url == patient.ports.sandbox_url:
                found.append(question)
    return found


def finding_of(answer: Answer) -> Finding:
    """Return the line that says how a connection answers."""
    about = _(
        "connection {connection} ({names})",
        connection=answer.question.id,
        names=answer.question.names,
    )
    if answer.said is not None:
        return Finding(OK, answer.said.text, about=about)
    if answer.renews_itself:
        return Finding(
            WARN, _("its token has expired: {error}", error=answer.error), _(BY_ITSELF), about=about
        )
    return Finding(FAIL, str(answer.error), about=about)


def _unasked(conn_id: str, variables: Mapping[str, str]) -> Finding:
    """Find whether a job's own connection is there, of which no call is known."""
    about = _("connection {connection}", connection=conn_id)
    if variable_of(conn_id) in variables:
        return Finding(OK, _("is there; no call of it is known here"), about=about)
    return Finding(FAIL, str(missing_connection(conn_id)), about=about)


@looks_at(N_("clock"))
def check_clock(patient: Patient) -> Iterator[Finding]:
    """Compare with the `Date` of each host's answer; one of them is enough to know."""
    hosts = sorted(_hosts(patient))
    asked = {host: difference_to(host) for host in hosts}
    differences = {host: seconds for host, seconds in asked.items() if seconds is not None}
    for host, seconds in differences.items():
        if abs(seconds) > TOLERATED_SECONDS:
            text = N_("is {seconds:.0f} s ahead of {host}")
            if seconds > 0:
                text = N_("is {seconds:.0f} s behind {host}")
            told = _(text, seconds=abs(seconds), host=host)
            yield Finding(WARN, told, _(KEEP_TIME))
        else:
            yield Finding(OK, _("agrees with {host}", host=host))
    if not differences:
        text = _("could not be compared with a gateway's (there is none)")
        if hosts:
            text = _("could not be compared with a gateway's ({hosts})", hosts=hosts)
        yield Finding(WARN, text, _("see what the connections say"))


def _hosts(patient: Patient) -> set[str]:
    variables, hosts = variables_of(patient), set()
    for conn_id in ids_of_gateways(check_project(patient.layout.root)):
        with suppress(ConfigurationError):  # its own check says so
            hosts.add(base_url(read_fields(conn_id, variables, FEED_EXAMPLE)))
    return hosts

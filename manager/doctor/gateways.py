"""Every connection, asked who we are there; and the clock against the gateways'."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from include import MANAGER
from include.alerts.watching.clock import TOLERATED_SECONDS, difference_to
from include.errors import ConfigurationError, missing_connection
from include.gateways.connection import EXAMPLE, base_url, read_fields
from include.platforms.feed.dialect import EXAMPLE as FEED_EXAMPLE
from include.registry.checks import check_project
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient
from manager.doctor.stored import ids_in_use, ids_of_gateways, variables_of
from manager.lifecycle.health import answers
from manager.probing import Answer, Question, answers_to, feed_questions, shop_questions

KEEP_TIME = "let the machine keep its time: `sudo timedatectl set-ntp true`"
START = f"`{MANAGER} start` starts it"
BY_ITSELF = "the next run refreshes it by itself; a refusal then fails that run with what to renew"


def check_connections(patient: Patient) -> Iterator[Finding]:
    """Ask each connection that an enabled shop or a job's feed uses."""
    found = check_project(patient.layout.root)
    variables = variables_of(patient)
    enabled = [shop for shop in found.registry.shops.values() if shop.enabled]
    questions = [*shop_questions(enabled, variables), *feed_questions(found, variables)]
    yield from _still_of_the_sandbox(questions, variables)
    mute = _of_a_sandbox_that_is_down(patient, questions)
    if mute:
        about = f"connections {', '.join(dict.fromkeys(question.id for question in mute))}"
        text = f"were not asked: the sandbox at {patient.ports.sandbox_url} is not running"
        yield Finding(WARN, about, text, START)
    others = [question for question in questions if question not in mute]
    yield from map(finding_of, answers_to(others, variables["WAREHOUSE_URL"]))
    for conn_id in sorted(ids_in_use(found) - {question.id for question in questions}):
        yield _unasked(conn_id, variables)


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
        about = f"connections {', '.join(names)}"
        remedy = (
            f"`{MANAGER} connect {names[0]}` asks for the real ones, or write "
            "`enabled: false` into the jobs and shops that need them"
        )
        yield Finding(WARN, about, "still lead to the sandbox, whose rows are made up", remedy)


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
    about = f"connection {answer.question.id} ({answer.question.names})"
    if answer.said is not None:
        return Finding(OK, about, answer.said.text)
    if answer.renews_itself:
        return Finding(WARN, about, f"its token has expired: {answer.error}", BY_ITSELF)
    return Finding(FAIL, about, str(answer.error))


def _unasked(conn_id: str, variables: Mapping[str, str]) -> Finding:
    """Find whether a job's own connection is there, of which no call is known."""
    about, name = f"connection {conn_id}", f"AIRFLOW_CONN_{conn_id.upper()}"
    if name in variables:
        return Finding(OK, about, "is there; no call of it is known here")
    return Finding(FAIL, about, str(missing_connection(conn_id)))


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Compare with the `Date` of each host's answer; one of them is enough to know."""
    hosts = sorted(_hosts(patient))
    asked = {host: difference_to(host) for host in hosts}
    differences = {host: seconds for host, seconds in asked.items() if seconds is not None}
    for host, seconds in differences.items():
        if abs(seconds) > TOLERATED_SECONDS:
            said = f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} {host}"
            yield Finding(WARN, "clock", f"is {said}", KEEP_TIME)
        else:
            yield Finding(OK, "clock", f"agrees with {host}")
    if not differences:
        text = f"could not be compared with a gateway's ({', '.join(hosts) or 'there is none'})"
        yield Finding(WARN, "clock", text, "see what the connections say")


def _hosts(patient: Patient) -> set[str]:
    variables, hosts = variables_of(patient), set()
    for conn_id in ids_of_gateways(check_project(patient.layout.root)):
        with suppress(ConfigurationError):  # its own check says so
            hosts.add(base_url(read_fields(conn_id, variables, FEED_EXAMPLE)))
    return hosts

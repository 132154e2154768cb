"""This machine's clock against the gateways': they refuse what was signed minutes ago."""

from collections.abc import Iterator

from include.alerts.watching.clocks import TOLERATED_SECONDS, difference_to
from include.errors import ConfigurationError
from include.gateways.connection import base_url, read_fields
from include.platforms.feed.dialect import EXAMPLE
from include.registry.checks import check_project
from manager.doctor.findings import OK, WARN, Finding, Patient
from manager.doctor.stored import ids_of_gateways, variables_of

REMEDY = "let the machine keep its time: `sudo timedatectl set-ntp true`"


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Compare with the `Date` of each host's answer; one of them is enough to know."""
    hosts = sorted(_hosts(patient))
    differences: dict[str, float] = {}
    for host in hosts:
        difference = difference_to(host)
        if difference is not None:
            differences[host] = difference
    for host, seconds in differences.items():
        if abs(seconds) > TOLERATED_SECONDS:
            said = f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} {host}"
            yield Finding(WARN, "clock", f"is {said}", REMEDY)
        else:
            yield Finding(OK, "clock", f"agrees with {host}")
    if not differences:
        asked = ", ".join(hosts) or "there is none"
        text = f"could not be compared with a gateway's ({asked})"
        yield Finding(WARN, "clock", text, "see what the connections say")


def _hosts(patient: Patient) -> set[str]:
    variables, hosts = variables_of(patient), set()
    for conn_id in ids_of_gateways(check_project(patient.layout.root)):
        try:
            hosts.add(base_url(read_fields(conn_id, variables, EXAMPLE)))
        except ConfigurationError:  # noqa: PERF203 -- its own check says so
            continue
    return hosts

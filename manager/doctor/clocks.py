"""This machine's clock against the gateways': they refuse what was signed minutes ago."""

import time
from collections.abc import Iterator

import httpx

from include.errors import ConfigurationError
from include.gateways.answers import date_of
from include.gateways.connection import base_url, read_fields
from include.gateways.network import certificates, proxy_of
from include.platforms.feed.dialect import EXAMPLE
from include.registry.checks import check_project
from manager.doctor.findings import OK, WARN, Finding, Patient
from manager.doctor.stored import ids_of_gateways, variables_of

HOST_TIMEOUT = 10.0
# JD refuses from 6 minutes on, the others from 10.
TOLERATED_SECONDS = 60.0
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


def difference_to(host: str) -> float | None:
    """Return how many seconds a host is ahead of this machine; None when it does not say."""
    try:
        verify, proxy = certificates(), proxy_of(host)
        with httpx.Client(
            timeout=HOST_TIMEOUT, verify=verify, proxy=proxy, trust_env=False
        ) as client:
            before = time.time()
            response = client.head(f"{host}/")
            after = time.time()
    except (httpx.HTTPError, ConfigurationError):
        return None
    said = date_of(response.headers.get("date", ""))
    if said is None:
        return None
    told = said.timestamp()
    # It tells whole seconds, cut off.
    return 0.0 if before - 1 <= told <= after else told + 0.5 - (before + after) / 2


def _hosts(patient: Patient) -> set[str]:
    variables, hosts = variables_of(patient), set()
    for conn_id in ids_of_gateways(check_project(patient.layout.root)):
        try:
            hosts.add(base_url(read_fields(conn_id, variables, EXAMPLE)))
        except ConfigurationError:  # noqa: PERF203 -- its own check says so
            continue
    return hosts

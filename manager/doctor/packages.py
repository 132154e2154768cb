"""Python, and the installed packages against the lock."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from packaging.markers import Marker

from include.language import N_, _
from manager.doctor.findings import FAIL, OK, Finding, Patient, looks_at
from manager.lifecycle.virtualenv import NEWEST_PYTHON, REQUIREMENTS

PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?: ; ([^\\\n]+?))? *\\?$", re.MULTILINE
)
OLDEST_PYTHON = (3, 10)
SHOWN = 5


@looks_at(N_("python"))
def check_python(_patient: Patient) -> Iterator[Finding]:
    """Look at the Python that runs this."""
    found = _(
        "{python_version} in {prefix}", python_version=platform.python_version(), prefix=sys.prefix
    )
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        yield Finding(OK, found)
        return
    newest = "{}.{}".format(*NEWEST_PYTHON)
    remedy = _("install Python {newest}, remove .venv, and run start with it", newest=newest)
    yield Finding(
        FAIL, _("{found} is not from 3.10 to {newest}", found=found, newest=newest), remedy
    )


@looks_at(N_("packages"))
def check_packages(patient: Patient) -> Iterator[Finding]:
    """Compare what is installed with requirements.txt."""
    lock = (patient.layout.root / REQUIREMENTS).read_text("utf-8")
    wanted = pinned(lock)
    wrong = list(differences(wanted))
    if not wrong:
        yield Finding(
            OK,
            _(
                "all {count} are as {requirements} says",
                count=len(wanted),
                requirements=REQUIREMENTS,
            ),
        )
        return
    text = N_("not as {file} says: {packages}")
    if len(wrong) > SHOWN:
        text = N_("not as {file} says: {packages} and {more} more")
    yield Finding(
        FAIL,
        _(text, file=REQUIREMENTS, packages=wrong[:SHOWN], more=len(wrong) - SHOWN),
        _("run `{manager} stop`, remove .venv, then `start` installs them again"),
    )


def pinned(lock: str) -> dict[str, str]:
    """Return the versions that a lock pins for this Python and system, by package."""
    return {
        name: pin
        for name, pin, marker in PINNED.findall(lock)
        if not marker or Marker(marker).evaluate()
    }


def differences(wanted: dict[str, str]) -> Iterator[str]:
    """Yield a sentence on each package that is missing, or there in another version."""
    for name, pin in wanted.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            yield _("{name} is missing ({pin})", name=name, pin=pin)
            continue
        if found != pin:
            yield _("{name} is {found} ({pin})", name=name, found=found, pin=pin)

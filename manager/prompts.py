"""Asks a person for values: in a terminal, or line by line on standard input.

None of them stands on a command line, where other users of the machine could read it.
"""

import sys
from getpass import getpass

from include.errors import ConfigurationError
from include.language import N_, _, clauses

KEPT = N_("Enter keeps what is there")
NONE = "-"  # typed to remove what is there


def line(label: str, default: str, *, optional: bool = False) -> str:
    """Ask for a text that is no secret; an empty answer takes the default.

    Args:
        label: what it is.
        default: what is there, or usual; empty for nothing.
        optional: whether it may stay, or become, empty.

    Raises:
        ConfigurationError: nothing was given where something must be.
    """
    notes = [f"[{default}]"] if default else []
    if optional:
        notes.append(_("({none} for none)", none=NONE) if default else _("(Enter for none)"))
    return _given(label, " ".join([label, *notes]), default, optional=optional, hidden=False)


def secret(label: str, default: str, *, optional: bool = False, removable: bool = False) -> str:
    """Ask for a secret; it is not shown while it is typed, nor is the one that is there.

    Args:
        label: what it is.
        default: what is there; empty for nothing.
        optional: whether it may stay empty.
        removable: whether what is there may be removed.

    Raises:
        ConfigurationError: nothing was given where something must be.
    """
    notes = [_("hidden"), _(KEPT) if default else _("Enter for none") if optional else ""]
    if default and removable:
        notes.append(_("{none} for none", none=NONE))
    prompt = _("{label} ({notes})", label=label, notes=clauses(*notes))
    return _given(label, prompt, default, optional=optional, hidden=True, removable=removable)


def _given(
    label: str, prompt: str, default: str, *, optional: bool, hidden: bool, removable: bool = True
) -> str:
    answer = _typed(_("  {prompt}: ", prompt=prompt), label, hidden=hidden)
    if answer == NONE and optional and removable:
        return ""
    answer = answer or default
    if not answer and not optional:
        raise ConfigurationError(
            "{label} is empty: the same command again asks for it", label=label
        )
    return answer


def _typed(prompt: str, label: str, *, hidden: bool) -> str:
    """Read an answer from the terminal, or the next line of standard input."""
    if sys.stdin.isatty():
        return (getpass(prompt) if hidden else input(prompt)).strip()
    answer = sys.stdin.readline()
    if not answer:
        raise ConfigurationError(
            "standard input ended before {label!r}: call it in a terminal, or send one line "
            "for each question",
            label=label,
        )
    return answer.strip()

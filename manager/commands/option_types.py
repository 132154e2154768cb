"""What an option's word must be; standard library only."""

from __future__ import annotations

import argparse

from manager.lifecycle.ports import HIGHEST, HOST_FORM, LOWEST


def port(text: str) -> int:
    """Read a port of the service."""
    if not text.isascii() or not text.isdigit() or not LOWEST <= int(text) <= HIGHEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from {LOWEST} to {HIGHEST}")
    return int(text)


def count(text: str) -> int:
    """Read a number of lines."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)


def host(text: str) -> str:
    """Read an address to listen on."""
    if not HOST_FORM.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address or a name of this machine")
    return text

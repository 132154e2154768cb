"""What libraries, drivers and the operating system say, with what that means, for who reads it."""

from __future__ import annotations

import re
from functools import cache

from include.language import N_, Message, _

# What they say most often, and what that means; the first that fits.
MEANINGS = {
    r"certificate_verify_failed": N_("its certificate is not trusted"),
    r"(name|servname|address|host) (or service )?(not |provided, or not )?known"
    r"|name resolution|getaddrinfo failed|name does not resolve|domain name not found"
    r"|no address associated|could not translate host|resolve host|unknown mysql server host"
    r"|dns server": N_("no host of that name is known"),
    r"connection refused|connect call failed|errno 111\b": N_("nothing answers there"),
    r"timed? ?-?out": N_("there was no answer in time"),
    r"network is unreachable|no route to host": N_("the network does not reach it"),
    r"connection (reset|aborted|lost)|broken pipe|(server|remote end) ?(disconnected|closed)"
    r"|lost connection|closed the connection|has gone away": N_("the connection broke"),
    r"\[SSL|SSL error|ConnectorSSLError": N_("no encrypted connection comes about"),
    r"authentication failed|access denied for user .*using password|no password supplied"
    r'|role ".*" does not exist': N_("user or password is refused"),
    r'unknown database|database ".*" does not exist': N_("there is no such database"),
    r"no such table|relation .* does not exist|table .* doesn't exist": N_("it lacks a table"),
    r"permission denied for|command denied|must be owner of|access denied for": N_(
        "its user may not do that"
    ),
    r"database (table )?is locked": N_("somebody else is writing to it"),
    r"readonly|read-only": N_("it can only be read"),
    r"unable to open database file": N_("the database's file cannot be opened"),
    r"is not a database|image is malformed": N_("the file is no database, or is damaged"),
    r"no space left|disk is full|disk quota": N_("the disk is full"),
    r"too many (open files|connections|clients)|connection slots": N_("too many are open at once"),
    r"address already in use": N_("another program has the port"),
    r"permission denied|operation not permitted": N_("access is not allowed"),
    r"no such file or directory": N_("it is not there"),
    r"is a directory": N_("it is a folder"),
    r"not a directory": N_("a part of its path is no folder"),
    r"no module named": N_("a Python package is missing"),
    r"codec can't decode": N_("its text is not UTF-8"),
    r"(expecting|extra data|unterminated|invalid) .*\(char \d+\)": N_("it is not JSON"),
}


def explained(error: BaseException | str) -> str:
    """Return what something that is not ours says: what that means, and its words behind it.

    Args:
        error: an error, or the text of one. What is a message already, or says what is not known
            here, stays as it is.
    """
    said = str(error)
    if isinstance(said, Message):
        return said
    meaning = next((meaning for form, meaning in _meanings() if form.search(said)), None)
    if meaning is None:
        return said
    return _("{meaning}: {said}", meaning=_(meaning), said=" ".join(said.split()))


@cache
def _meanings() -> list[tuple[re.Pattern[str], str]]:
    """Return the table compiled: most programs end without an error."""
    return [(re.compile(form, re.IGNORECASE), meaning) for form, meaning in MEANINGS.items()]

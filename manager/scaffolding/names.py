"""What a new job or platform may be called."""

import keyword
import re

from rich.cells import cell_len

from include.errors import ConfigurationError

FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
SIGNS = "\" ' \\ @ : # { } [ ] , & * ! | > % `"
QUOTING = re.compile(r"""["'\\@:#{}\[\],&*!|>%`]|^[-?]""")
# Of an id, by what it is of: a platform's is in names of classes, tables and indexes.
LONGEST = {"job": 40, "platform": 12}
LONGEST_NAME = 24  # in columns: a Chinese character takes two
# Names of modules that a script would hide, as its folder is where Python looks first.
TAKEN = {"include", "manager", "sandbox", "tests", "config", "dags", "plugins", "feed", "feeds"}


def check_id(written: str, kind: str) -> str:
    """Return an id that can be a module's and a table's; `kind` is `job` or `platform`.

    Raises:
        ConfigurationError: says what it must be like.
    """
    if not FORM.fullmatch(written):
        raise ConfigurationError(
            "{written!r} cannot be an id: write a-z, 0-9 and single _, beginning with a "
            "letter, as in pdd_quality",
            written=written,
        )
    if len(written) > LONGEST[kind]:
        raise ConfigurationError(
            "{written!r} has {length} characters: an id has at most {longest}",
            written=written,
            length=len(written),
            longest=LONGEST[kind],
        )
    if keyword.iskeyword(written) or written in TAKEN:
        raise ConfigurationError(
            "{written!r} has a meaning of its own in Python or here: write another", written=written
        )
    return written


def check_name(written: str) -> None:
    """Refuse a name that could not stand in YAML, JSON and Python as it is.

    Raises:
        ConfigurationError: says what is wrong with it.
    """
    if cell_len(written) > LONGEST_NAME:
        raise ConfigurationError(
            "the name {written!r} is longer than {longest} columns: write a shorter one",
            written=written,
            longest=LONGEST_NAME,
        )
    if not written.strip() or not written.isprintable() or QUOTING.search(written):
        raise ConfigurationError(
            "a name cannot be {written!r}: write one without {signs}", written=written, signs=SIGNS
        )


def class_name(written: str) -> str:
    """Return an id as the name of a class: `my_shop` becomes `MyShop`."""
    return "".join(part.capitalize() for part in written.split("_"))

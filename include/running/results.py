"""What a script says of its shops, line by line, in the file that RESULTS_FILE names.

A script in any language appends lines of JSON, and what it has written when it ends, or is ended,
counts: the last line of a shop settles it. After a line that
cannot be read, the shops that it names, or all where it names none, have not landed, but for those
of which a good line speaks.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from include.language import N_, _, clauses
from include.text import printable, quoted, storable
from include.units.exit_codes import ExitCode, describe
from include.units.unit import NO_SHOP

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

RESULTS_FILE = "RESULTS_FILE"
CODES = {
    "ok": ExitCode.LANDED,
    "empty": ExitCode.NOTHING_TO_DO,
    "failed": ExitCode.FAILED,
    "temporary": ExitCode.TEMPORARY,
    "credentials": ExitCode.REFUSED,
    "configuration": ExitCode.CONFIGURATION,
}
LONGEST_LINE = 65_536  # bytes
MOST_ROWS = 2**31 - 1  # what the ledger's column holds
MOST_DIGITS = 100
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SHOWN = 10
NAMES_IT = N_("line {number} of RESULTS_FILE names it and cannot be read: {error}")
NAMES_NONE = N_(
    "line {number} of RESULTS_FILE names no shop of this run and cannot be read: {error}"
)
HARMLESS = ("ok", "empty")


class Result(NamedTuple):
    """How one shop went."""

    code: int  # the exit code that stands for it
    rows: int | None = None  # how many landed; none where nobody has said
    error: str = ""  # what the script says, masked


class Results(NamedTuple):
    """What a script has said."""

    of: dict[str, Result]  # by shop
    problems: list[str]  # the lines that do not count, and why
    # 1 where one of these says of nobody known that it failed; else 99, which is no worse than any
    # other
    code: int = ExitCode.NOTHING_TO_DO

    def in_words(self) -> list[str]:
        """Return which lines do not count, and which shops have failed."""
        lines = list(self.problems)
        for shop, result in self.of.items():
            if result.code not in (ExitCode.LANDED, ExitCode.NOTHING_TO_DO):
                told = {"ended": describe(result.code), "error": result.error}
                failed = _("failed, {ended}: {error}", **told)
                failed = failed if result.error else _("failed, {ended}", ended=told["ended"])
                whole = _("{shop} {failed}", shop=shop, failed=failed)
                lines.append(failed if shop == NO_SHOP else whole)
        return lines


NOTHING_SAID = Results({}, [])


@contextmanager
def results_file(path: Path) -> Iterator[None]:
    """Make the file of one attempt in the place of one that was killed; remove it in the end."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    finally:
        _remove(path)


def read_results(path: Path, shops: Collection[str], mask: Callable[[str], str]) -> Results:
    """Read an attempt's file once the script has ended.

    Args:
        path: of the file.
        shops: those that the script was run for; `-` alone for a job without shops.
        mask: hides the secrets in a text.
    """
    found: dict[str, Result] = {}
    problems: list[str] = []
    unclear: dict[str, str] = {}
    code = ExitCode.NOTHING_TO_DO
    for number, raw in enumerate(_lines(path), 1):
        if not (line := raw.removeprefix(BYTE_ORDER_MARK).strip(b" \t\r\n")):
            continue
        said: dict[str, Any] | None = None
        shop = ""
        try:
            said = _object(line)
            shop = _shop(said, shops)
            found[shop] = _result(said, mask)
        except ValueError as error:
            told = {"number": number, "error": error}
            problem = _("line {number} of RESULTS_FILE does not count: {error}", **told)
            problems.append(mask(problem))
            if said is not None and not shop:  # it is for none of the run's shops
                if said.get("state") in HARMLESS:
                    continue
                code = ExitCode.FAILED
                fails = _("it does not say 'ok', so the run fails")
                problems[-1] = clauses(problems[-1], fails)
            named = _named(line, said, shops)
            line_is_bad = _(NAMES_IT if named else NAMES_NONE, **told)
            for shop in named or shops:
                unclear.setdefault(shop, mask(line_is_bad))
    for shop, why in unclear.items():
        found.setdefault(shop, Result(ExitCode.FAILED, error=why))
    if len(problems) > SHOWN:
        problems[SHOWN:] = [_("and so do {count:,} more lines of it", count=len(problems) - SHOWN)]
    return Results(found, problems, code)


def _lines(path: Path) -> Iterator[bytes]:
    """Return the lines; of one that is too long its beginning, which is no JSON."""
    try:
        # A script may have put anything in its place, such as a pipe that nobody writes to.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return
    with os.fdopen(fd, "rb") as file:
        while line := file.readline(LONGEST_LINE):
            yield line
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)


def _remove(path: Path) -> None:
    """Remove what is at a path, whatever a script has made of it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) >= LONGEST_LINE - 2:
        raise ValueError(
            _("it is longer than {most:,} bytes: shorten its error", most=LONGEST_LINE)
        )
    try:
        said = json.loads(line.decode(), parse_constant=_no_number, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise ValueError(
            _("byte {number} is not UTF-8: write it in UTF-8", number=error.start + 1)
        ) from error
    except json.JSONDecodeError as error:
        shown = quoted(line.decode())
        raise ValueError(
            _(
                "{shown} is not JSON ({error}): write one object a line, and a newline behind it",
                shown=shown,
                error=_(error.msg),
            )
        ) from error
    except RecursionError as error:
        raise ValueError(_("it is nested too deeply")) from error
    if not isinstance(said, dict):
        problem = _('{said} is no object: write it like {{"state": "ok"}}', said=quoted(said))
        raise ValueError(problem)  # noqa: TRY004 - what `read` collects
    return said


def _no_number(name: str) -> Any:
    raise ValueError(_("{name} is no number: write null, or leave it out", name=name))


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:  # Python refuses some of them, in words of its own
        raise ValueError(
            _(
                "a number of {count:,} digits is in it: write how many rows landed",
                count=len(digits),
            )
        )
    return int(digits)


def _named(line: bytes, said: dict[str, Any] | None, shops: Collection[str]) -> set[str]:
    """Return the shops that a line which does not count can be for; empty where it names none.

    A value of what can be read has to be the shop's id; else the id has to stand in the text, as a
    word that is no key and is not cut off. An id of digits could be any number.
    """
    if said is not None:
        texts = {value.strip() for value in said.values() if isinstance(value, str)}
        return texts.intersection(shops)
    ids = "|".join(re.escape(shop) for shop in shops if not shop.isdigit())
    word = rf"(?<![\w-])(?:{ids})(?![\w-]|\Z|[\"']?\s*:)"
    return set(re.findall(word, line.decode(errors="replace"))) if ids else set()


def _shop(said: dict[str, Any], shops: Collection[str]) -> str:
    shop = said.get("shop")
    shop = shop.strip() if isinstance(shop, str) else shop
    if NO_SHOP in shops:
        if shop in (None, NO_SHOP) and said:
            return NO_SHOP
        raise ValueError(
            _("shop {shop}: this job has no shops: leave 'shop' out", shop=quoted(shop))
        )
    if not isinstance(shop, str) or shop not in shops:
        known = [*shops][:SHOWN]
        raise ValueError(
            _(
                "shop {shop} is none that this run is for: write one of {known}",
                shop=quoted(shop),
                known=known,
            )
        )
    return shop


def _result(said: dict[str, Any], mask: Callable[[str], str]) -> Result:
    state, rows, error = said.get("state"), said.get("rows"), said.get("error")
    if not isinstance(state, str) or state not in CODES:
        raise ValueError(
            _(
                "state {state} is not known: write one of {codes}",
                state=quoted(state),
                codes=[*CODES],
            )
        )
    if isinstance(rows, float) and rows.is_integer():
        rows = int(rows)  # as programs write it that know no whole numbers
    whole = isinstance(rows, int) and not isinstance(rows, bool) and 0 <= rows <= MOST_ROWS
    if rows is not None and not whole:
        raise ValueError(
            _("rows {rows} is not how many rows landed: write a whole number", rows=quoted(rows))
        )
    if state == "empty" and rows:
        raise ValueError(
            _("state 'empty' and {rows} rows do not go together: write 'ok'", rows=rows)
        )
    text = error if isinstance(error, str) else "" if error is None else quoted(error)
    if state == "ok" and rows == 0:
        return Result(ExitCode.NOTHING_TO_DO, 0)
    return Result(CODES[state], 0 if state == "empty" else rows, printable(mask(storable(text))))

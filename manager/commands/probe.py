"""`probe`: who we are at a platform, which shops, what limit, and rows as they would land."""

import json
import logging
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from typing import Any

from include.errors import ConfigurationError
from include.gateways.limiter import Limit
from include.language import _
from include.pulling.outcomes import exit_code_of
from include.registry.checks import Checked, check_project
from include.registry.platforms import PLATFORMS
from include.secrets.masking import Masker
from include.secrets.values import secrets_in
from include.units.exit_codes import ExitCode, worst
from manager import connections
from manager.commands.connect import Use, use_of
from manager.commands.run import warn_about_sandbox
from manager.layout import Layout
from manager.lifecycle.preparing import prepared_environment
from manager.probing import Answer, Question, answers_to, questions_of
from manager.table import cut, lined_up

ROWS = 3
WIDEST = 28  # of a value, so that three rows stand side by side


def probe(layout: Layout, arguments: Namespace) -> int:
    """Ask, and print what came; nothing is refreshed or written.

    Returns:
        the exit code: 0 when it answers, else what a run would end with.

    Raises:
        ConfigurationError: no shop and no feed that a job reads names that connection.
    """
    conn_id, found = arguments.connection, check_project(layout.root)
    use = use_of(conn_id, found)
    if use.alerts:
        raise ConfigurationError(
            "connection {conn_id} is of a channel of alerts: "
            "`python3 scheduler_manager.py alerts test` sends a message to it",
            conn_id=conn_id,
        )
    logging.disable(logging.CRITICAL)  # what matters is printed
    with redirect_stdout(sys.stderr if arguments.json else sys.stdout):  # Airflow logs to it
        connections.adopt(prepared_environment(layout))
        questions, variables = _questions(conn_id, use, found)
        warn_about_sandbox(layout, variables)
        answers = answers_to(questions, variables["WAREHOUSE_URL"], with_rows=True)
    shops = found.registry.shops.values()
    ours = {shop.platform_id: shop.id for shop in shops if shop.connection == conn_id}
    code = worst(exit_code_of(one.error) if one.error else ExitCode.LANDED for one in answers)
    if arguments.json:
        told = [_told(one, ours) for one in answers]
        whole = {"connection": conn_id, "exit_code": int(code), "answers": told}
        text = json.dumps(whole, indent=2, ensure_ascii=False, default=str)
    else:
        text = "\n".join(line for one in answers for line in _lines(one, ours))
    print(Masker(secrets_in(variables)).mask(text))
    return code


def _questions(conn_id: str, use: Use, found: Checked) -> tuple[list[Question], dict[str, str]]:
    """Return what a connection is asked, and the variables that hold it."""
    variables = connections.script_variables([conn_id])
    questions = questions_of(conn_id, found, variables)
    if not questions:
        raise ConfigurationError(
            "connection {conn_id} cannot be asked: no enabled job reads {names}; write "
            "`enabled: true` into the entry of one that does",
            conn_id=conn_id,
            names=use.names,
        )
    return questions, variables


def _lines(answer: Answer, ours: Mapping[str, str]) -> Iterator[str]:
    question, said = answer.question, answer.said
    known = PLATFORMS.get(question.platform)
    yield _(
        "connection {id}, {platform} ({names})",
        id=question.id,
        platform=_("feed") if known is None else known.named(),
        names=question.names,
    )
    if answer.address:
        facts = [(_("address"), answer.address)]
        if known is not None:
            facts.append((_("app"), answer.app_key))
        facts += [(_("limit"), _limit(limit)) for limit in answer.limits]
        facts.append((_("calls"), _("{calls}; nothing was changed", calls=answer.calls)))
        yield from lined_up(facts)
    if said is None:
        yield _("failed: {error}", error=answer.error or "")
        if answer.renews_itself:
            yield _(
                "the next run first tries to renew the token by itself: only if that is refused is "
                "there something to do; probe changes nothing"
            )
        return
    yield said.text
    if said.shops:
        here = {number: ours.get(number, _("not in config/shops.yaml")) for number in said.shops}
        title = (_("shop"), _("name there"), _("here"))
        yield from lined_up([title, *((no, said.shops[no], here[no]) for no in said.shops)])
    rows = (said.rows or ())[:ROWS]
    if not rows:
        yield _("it has no rows of the time that was asked for ({table})", table=said.table)
        return
    yield _("rows as they would land in {table}:", table=said.table)
    shown = [
        ["" if row[column] is None else cut(str(row[column]), WIDEST) for row in rows]
        for column in rows[0]
    ]
    yield from lined_up([(column, *row) for column, row in zip(rows[0], shown, strict=True)])


def _limit(limit: Limit) -> str:
    values = limit._asdict()
    if limit.per == "shop":
        return _("{calls} calls in {seconds:g} s per shop", **values)
    return _("{calls} calls in {seconds:g} s per app", **values)


def _told(answer: Answer, ours: Mapping[str, str]) -> dict[str, Any]:
    said, error = answer.said, answer.error
    return {
        "of": answer.question.names,
        "platform": answer.question.platform,
        "address": answer.address,
        "app": answer.app_key,
        "limits": [limit._asdict() for limit in answer.limits],
        "calls": answer.calls,
        "error": str(error) if error else None,
        "exit_code": int(exit_code_of(error)) if error else 0,
        "renews_itself": answer.renews_itself,
        "shops": [
            {"number": number, "name": name, "shop": ours.get(number)}
            for number, name in (said.shops.items() if said else ())
        ],
        "table": said.table if said else None,
        "rows": list(said.rows or ())[:ROWS] if said else [],
    }

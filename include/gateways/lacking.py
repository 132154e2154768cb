"""What rows lack of their spare fields, for a notice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from include.language import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.gateways.fields import Row

WITHOUT, WITH_CUT = N_("{count} {noun} without {name}"), N_("{count} {noun} with {name} cut")


def missing_in(noun: tuple[str, str], rows: Iterable[Row]) -> str:
    """Return how many rows lack what: `12 orders without freight, 1 order with status cut`.

    Args:
        noun: templates of what a row is, of one and of several.
        rows: of one shop and period.
    """
    lacks = Counter(
        (template, name)
        for row in rows
        for template, names in ((WITHOUT, row.without), (WITH_CUT, row.cut))
        for name in names
    )
    told = [
        _(template, count=count, noun=_(noun[count > 1]), name=name)
        for (template, name), count in lacks.items()
    ]
    return _("{found}", found=told) if told else ""

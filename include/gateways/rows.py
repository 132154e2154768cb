"""Rows of which one odd field does not cost all others.

What a row cannot do without is strict: its key, the order of paging, and what the figures count.
Any other field is marked `SPARE`: where it is missing or odd it is None, and the row says so. So it
does of a text marked `CUT` that is longer than its column.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from include.gateways.fields import CUT, SPARE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self


class Row(BaseModel):
    """A row of a list; a spare field of it is None where the gateway gives nothing of use."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    _cut: list[str] = PrivateAttr(default_factory=list)

    @property
    def cut(self) -> list[str]:
        """The fields of which the text was too long for its column."""
        return self._cut

    @property
    def without(self) -> list[str]:
        """The spare fields that are missing or odd; a null that is documented is neither."""
        return [
            name
            for name in _marked(type(self), SPARE).values()
            if name not in self.model_fields_set
        ]

    @model_validator(mode="wrap")
    @classmethod
    def _leave_out_what_is_odd(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            row = handler(data)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            odd = {one["loc"][0] for one in problems if one["loc"]} & _marked(cls, SPARE).keys()
            if not odd:
                raise
            row = handler({name: value for name, value in data.items() if name not in odd})
        if isinstance(data, dict):
            row._cut = [  # noqa: SLF001 - the row's own
                name
                for given, name in _marked(cls, CUT).items()
                if len(str(data.get(given) or "")) > len(getattr(row, name) or "") > 0
            ]
        return row


@cache
def _marked(model: type[Row], mark: str) -> dict[str, str]:
    """Return the fields of a model that are so marked, by the names that the gateway has."""
    return {
        field.alias or name: name
        for name, field in model.model_fields.items()
        if mark in field.metadata
    }


def missing_in(noun: str, rows: Iterable[Row]) -> str:
    """Return how many rows lack what: `12 orders without freight, 1 order with status cut`."""
    lacks = (
        lack
        for row in rows
        for lack in (
            *(f"without {name}" for name in row.without),
            *(f"with {name} cut" for name in row.cut),
        )
    )
    counts = Counter(lacks)
    return ", ".join(f"{count} {noun}{'s' * (count > 1)} {lack}" for lack, count in counts.items())

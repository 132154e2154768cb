"""Rows of which one odd field does not cost all others.

What a row cannot do without is strict: its key, the order of paging, and what the figures count.
Any other field is marked `SPARE`: where it is missing or odd it is None, and the row says so.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from include.platforms.fields import SPARE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self


class Row(BaseModel):
    """A row of a list; a spare field of it is None where the gateway gives nothing of use."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    @property
    def without(self) -> list[str]:
        """The spare fields that are missing or odd; a null that is documented is neither."""
        return [name for name in _spares(type(self)).values() if name not in self.model_fields_set]

    @model_validator(mode="wrap")
    @classmethod
    def _leave_out_what_is_odd(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            odd = {one["loc"][0] for one in problems if one["loc"]} & _spares(cls).keys()
            if not odd:
                raise
        return handler({name: value for name, value in data.items() if name not in odd})


@cache
def _spares(model: type[Row]) -> dict[str, str]:
    """Return the spare fields of a model, by the names that the gateway has for them."""
    return {
        field.alias or name: name
        for name, field in model.model_fields.items()
        if SPARE in field.metadata
    }


def missing_in(noun: str, rows: Iterable[Row]) -> str:
    """Return how many rows lack which spare field: `12 orders without freight`; empty: none."""
    counts = Counter(name for row in rows for name in row.without)
    parts = [f"{count} {noun}{'s' * (count > 1)} without {name}" for name, count in counts.items()]
    return ", ".join(parts)

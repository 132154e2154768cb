"""What an entry may say in `checks`: what must hold of the rows that a unit landed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from include.registry import fields  # noqa: TC001 - pydantic reads the annotations


class Checks(BaseModel):
    """What must hold of the rows that a unit landed, or it counts as failed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_rows: fields.Count | None = Field(
        default=None,
        description="the fewest rows a unit may land; where its script counts none, those of "
        "'table' count",
        examples=[1],
    )
    max_drop: fields.Percent | None = Field(
        default=None,
        description="how far the rows may fall below the median of the unit's last 4 like periods",
        examples=["60%"],
    )
    table: fields.TableName | None = Field(
        default=None,
        description="the table or view whose rows 'columns' looks at, and min_rows where the "
        "script counts none",
        examples=["erp_orders"],
    )
    day: fields.Column | None = Field(
        default=None,
        description="the table's column, a date or a time on the wall clock, that says in which "
        "period a row belongs",
        examples=["order_day"],
    )
    columns: dict[fields.Column, dict[fields.CheckKind, fields.Limits]] = Field(
        default={},
        validate_default=True,
        description="checks per column: null_check, distinct_check, unique_check, min or max; "
        "they need 'table' and 'day'",
        examples=[{"paid_amount": {"min": {"geq_to": 0}}}],
    )

    @field_validator("columns")
    @classmethod
    def _has_a_table(cls, columns: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        examples = {"table": "erp_orders", "day": "order_day"}
        # A wrong one is a problem of its own.
        given = [key for key in examples if info.data.get(key, "wrong") is not None]
        if given and not columns and info.data.get("min_rows", 0) is None:
            key = given[0]
            message = f"is missing, and '{key}' is for it or min_rows: add one, or remove '{key}'"
            raise ValueError(message)
        missing = [key for key in examples if key not in given]
        if missing and (columns or given):
            key = missing[0]
            needs = "needs" if columns else f"is missing, and '{given[0]}' for min_rows needs"
            raise ValueError(f"{needs} '{key}' beside it: add it, as in {key}: {examples[key]}")
        return columns

"""What an entry's `checks` may say of the rows that land; columns as common-sql checks them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from include.language import N_, _
from include.registry import fields
from include.registry.constraints import identifier, one_of
from include.registry.fields import Checked

KINDS = ("null_check", "distinct_check", "unique_check", "min", "max")
COMPARISONS = ("equal_to", "greater_than", "geq_to", "less_than", "leq_to", "tolerance")
COLUMN = r"[A-Za-z_][A-Za-z0-9_]*"
TABLE = rf"({COLUMN}\.)?{COLUMN}"

column = identifier(COLUMN, N_("write the column's name as the table has it, as in paid_amount"))
table = identifier(TABLE, N_("write the table's name as the warehouse has it, as in erp_orders"))
kind = one_of(KINDS)
comparison = one_of(COMPARISONS)


def consistent(limits: dict[str, float]) -> dict[str, float]:
    """Take the comparisons of one check, if there is one and something can pass them all.

    Raises:
        ValueError: they exclude each other, or there is none.
    """
    given = limits.keys() - {"tolerance"}
    if not given:
        raise ValueError(_("compares with nothing: write equal_to, geq_to or leq_to"))
    if "equal_to" in given and len(given) > 1:
        raise ValueError(_("has equal_to beside other comparisons: write equal_to alone"))
    if limits.get("tolerance", 0) < 0:
        raise ValueError(_("has a tolerance below 0: write a share, as in 0.1"))
    for one, other in (("geq_to", "greater_than"), ("leq_to", "less_than")):
        if {one, other} <= given:
            told = _("has both {one} and {other}: write one of them", one=one, other=other)
            raise ValueError(told)
    if _lets_nothing_pass(limits):
        raise ValueError(_("lets nothing pass: make the lower limit less than the upper one"))
    return limits


def _lets_nothing_pass(limits: dict[str, float]) -> bool:
    infinity = float("inf")
    lower = max(limits.get(key, -infinity) for key in ("greater_than", "geq_to"))
    upper = min(limits.get(key, infinity) for key in ("less_than", "leq_to"))
    excluded = limits.keys() & {"greater_than", "less_than"}
    return lower >= upper if excluded else lower > upper


Column = Annotated[str, Checked(column, COLUMN)]
TableName = Annotated[str, Checked(table, TABLE)]
CheckKind = Annotated[str, Checked(kind, enum=list(KINDS))]
Comparison = Annotated[str, Checked(comparison, enum=list(COMPARISONS))]
Limits = Annotated[dict[Comparison, fields.Number], AfterValidator(consistent)]


class ControlTotal(BaseModel):
    """How far the rows may differ from the source's own count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tolerance: fields.Tolerance = Field(
        default=0,
        description="0, or a share of the source's count, rounded up to whole rows: where orders "
        "are merged and split after they were pulled",
        examples=["1%"],
    )

    def allowed(self, source_rows: int) -> int:
        """Return by how many rows a unit may differ from the source's count."""
        # In whole percent: a binary fraction may come out just above a whole number of rows.
        return -(-source_rows * round(self.tolerance * 100) // 100)


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
    table: TableName | None = Field(
        default=None,
        description="the table or view whose rows 'columns' looks at, and min_rows where the "
        "script counts none",
        examples=["erp_orders"],
    )
    day: Column | None = Field(
        default=None,
        description="the table's column, a date or a time on the wall clock, that says in which "
        "period a row belongs",
        examples=["order_day"],
    )
    control_total: ControlTotal | None = Field(
        default=None,
        description="the rows that landed must be as many as the source itself counts for the "
        "period, when it lands and again after 3 and 30 days",
        examples=[{"tolerance": "1%"}],
    )
    columns: dict[Column, dict[CheckKind, Limits]] = Field(
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
            told = _(
                "is missing, and '{key}' is for it or min_rows: add one, or remove '{key}'",
                key=given[0],
            )
            raise ValueError(told)
        missing = [key for key in examples if key not in given]
        if missing and (columns or given):
            key, example = missing[0], examples[missing[0]]
            told = _("needs '{key}' beside it: add it, as in {key}: {example}", key=key,
                     example=example) if columns else _(
                "is missing, and '{given}' for min_rows needs '{key}' beside it: add it, as in "
                "{key}: {example}", given=given[0], key=key, example=example,
            )  # fmt: skip
            raise ValueError(told)
        return columns

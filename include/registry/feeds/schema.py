"""What an entry of config/feeds.yaml may say: every key, its default and its check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from include.language import N_, _
from include.registry import fields as registry_fields  # noqa: TC001 - the same
from include.registry.entry_files import FileEntry
from include.registry.feeds import values
from include.registry.feeds.tables import TABLES, FeedTable
from include.registry.paths import FEEDS_FILE
from include.text import quoted
from include.warehouse.types import Measure, Money

if TYPE_CHECKING:
    from typing_extensions import Self

ONE_IS_NEEDED = N_(
    "by page has neither 'total' nor 'more', so that an empty page in the middle would pass for "
    "the last: add the path of one of them, as in total: 'data.total'"
)


class Paging(BaseModel):
    """How the rows of one question come in several answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: values.Way = Field(
        description="page: by number; cursor: each answer says how to ask for the next; none: all "
        "rows come at once",
        examples=["page"],
    )
    parameter: values.PagingParameter | None = Field(
        default=None,
        description="the query parameter (GET) or the body's field (POST) for the page's number "
        "or the cursor",
        examples=["page"],
    )
    first: registry_fields.Count = Field(
        default=1, description="the number of the first page", examples=[1]
    )
    size_parameter: values.PagingParameter | None = Field(
        default=None, description="where the page's size is sent", examples=["page_size"]
    )
    size: values.PageSize | None = Field(
        default=None, description="how many rows a page has", examples=[100]
    )
    total: values.Query | None = Field(
        default=None,
        description="where an answer says how many rows all pages have",
        examples=["data.total"],
    )
    more: values.Query | None = Field(
        default=None,
        description="where an answer says whether pages follow",
        examples=["data.has_more"],
    )
    next: values.Query | None = Field(
        default=None,
        description="where an answer holds the next cursor; null or empty at the end",
        examples=["data.next_cursor"],
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        wanted = {"page": ["parameter"], "cursor": ["parameter", "next"], "none": []}[self.by]
        if self.by == "page" and self.more is None and self.total is not None:
            wanted.append("size")
        if self.size_parameter is not None:
            wanted.append("size")
        for name in wanted:
            if getattr(self, name) is None:
                example = type(self).model_fields[name].examples or [""]
                told = _(
                    "by {way} has no '{key}': add it, as in {key}: {example}",
                    way=self.by, key=name, example=quoted(example[0]),
                )  # fmt: skip
                raise ValueError(told)
        if self.by == "page" and self.total is None and self.more is None:
            raise ValueError(_(ONE_IS_NEEDED))
        useless = {"page": ["next"], "cursor": ["first", "more"]}.get(
            self.by, ["parameter", "first", "size_parameter", "size", "more", "next"]
        )
        for name in useless:
            if name in self.model_fields_set:
                told = _("by {way} does not use '{key}': remove it", way=self.by, key=name)
                raise ValueError(told)
        if self.size_parameter is not None and self.size_parameter == self.parameter:
            wrong = N_("sends page and size as {name}: give each a name of its own")
            raise ValueError(_(wrong, name=quoted(self.parameter)))
        return self


class Feed(FileEntry):
    """One entry of config/feeds.yaml: where a shop's rows of a period are, and how they map."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    file = FEEDS_FILE

    id: registry_fields.JobId = Field(
        description="what jobs (--feed) and messages call it", examples=["pdd_review"]
    )
    name: registry_fields.Line = Field(
        description="what people call it; any language", examples=["PDD差评"]
    )
    connection: registry_fields.ConnectionId = Field(
        description="the Airflow connection with its host and credentials", examples=["pdd_feed"]
    )
    method: values.Method = Field(
        default="GET", description="how it is asked: GET or POST", examples=["GET"]
    )
    path: values.Path = Field(
        description="the path below the connection's host; placeholders are filled in",
        examples=["/v1/reviews"],
    )
    query: dict[values.Parameter, values.QueryValue] = Field(
        default={},
        description="query parameters; {shop} {period} {key} {start} {end} {first_day} {last_day} "
        "are filled in",
        examples=[{"mall_id": "{shop}", "from": "{start}", "to": "{end}"}],
    )
    headers: dict[values.HeaderName, values.HeaderValue] = Field(
        default={},
        description="headers; no secrets, those go in the connection",
        examples=[{"Accept-Language": "zh-CN"}],
    )
    body: dict[values.Parameter, values.BodyValue] | None = Field(
        default=None,
        description="the JSON object that a POST sends; placeholders are filled into its texts",
        examples=[{"mall": "{shop:number}", "day": "{first_day}"}],
    )
    paging: Paging = Field(
        default=Paging(by="none"),
        description="how the rows come in several answers",
        examples=[{"by": "cursor", "parameter": "cursor", "next": "data.next_cursor"}],
    )
    success: values.Query | None = Field(
        default=None,
        description="what must be true of an answer that is no error",
        examples=["code == `0`"],
    )
    message: values.Query | None = Field(
        default=None, description="where an error says what is wrong", examples=["msg"]
    )
    expired: values.Query | None = Field(
        default=None,
        description="what is true of an answer that says: credentials are invalid or expired",
        examples=["code == `401`"],
    )
    temporary: values.Query | None = Field(
        default=None,
        description="what is true of an answer that says: try again later",
        examples=["code == `429` || code == `500`"],
    )
    rows: values.Query = Field(description="where the rows are", examples=["data.list"])
    table: values.TableName = Field(
        description="the table of the warehouse they land in", examples=["pdd_reviews"]
    )
    fields: dict[values.Column, values.Query] = Field(
        description="the table's columns, each with the path of its field in a row",
        examples=[{"review_id": "id", "score": "stars", "created_time": "created_at"}],
    )
    key: list[values.MappedColumn] = Field(
        description="the columns that tell the rows of one shop and period apart",
        examples=[["review_id"]],
    )
    hundredths: list[values.MappedColumn] = Field(
        default=[],
        description="columns whose numbers the feed gives in hundredths: a rate in percent, an "
        "amount in fen",
        examples=[["conversion_rate"]],
    )
    within: values.MappedColumn | None = Field(
        default=None,
        validate_default=True,
        description="the column with the time that must lie in the period; needed where days land "
        "and a column has a time",
        examples=["created_time"],
    )
    timezone: registry_fields.Zone = Field(
        default="Asia/Shanghai",
        description="whose clock the feed shows: {start} and {end}, and times without an offset",
        examples=["Asia/Shanghai"],
    )
    dates: values.Dates = Field(
        default="iso",
        description="how its answers write dates and times: iso, epoch_seconds, "
        "epoch_milliseconds, or a format like %Y/%m/%d %H:%M:%S",
        examples=["iso"],
    )

    @field_validator("body")
    @classmethod
    def _goes_with_post(cls, body: dict[str, Any] | None, info: ValidationInfo) -> Any:
        if body is not None and info.data.get("method") == "GET":
            told = _("goes with method POST: write 'method: POST', or put it under 'query'")
            raise ValueError(told)
        return body

    @field_validator("paging")
    @classmethod
    def _asks_for_nothing_twice(cls, paging: Paging, info: ValidationInfo) -> Paging:
        place = "query" if info.data.get("method") == "GET" else "body"
        fixed = info.data.get(place) or {}
        for key in ("parameter", "size_parameter"):
            name = getattr(paging, key)
            if name in fixed:
                told = _(
                    "sends {name} as its '{key}', and it is also among '{place}': remove it there",
                    name=quoted(name), key=key, place=place,
                )  # fmt: skip
                raise ValueError(told)
        return paging

    @field_validator("fields")
    @classmethod
    def _has_what_the_table_needs(cls, mapped: dict[str, Any], info: ValidationInfo) -> Any:
        landing = values.table_of(info)
        missing = [name for name in landing.needed if name not in mapped] if landing else []
        if landing and missing:
            told = _(
                "has no column {columns}: add it, {table} cannot do without it",
                columns=missing, table=landing.table.name,
            )  # fmt: skip
            raise ValueError(told)
        return mapped

    @field_validator("key")
    @classmethod
    def _is_the_tables(cls, key: list[str], info: ValidationInfo) -> list[str]:
        landing = values.table_of(info)
        if landing and sorted(key) != sorted(landing.key):
            told = _(
                "{key} is not the key of {table}: write {written}", key=str(key),
                table=landing.table.name, written=f"[{', '.join(landing.key)}]",
            )  # fmt: skip
            raise ValueError(told)
        return key

    @field_validator("hundredths")
    @classmethod
    def _are_numbers(cls, columns: list[str], info: ValidationInfo) -> list[str]:
        if landing := values.table_of(info):
            types = {name: landing.columns[name].type for name in columns}
            wrong = [name for name in types if not isinstance(types[name], (Money, Measure))]
            if wrong:
                told = _("{column} holds no amount or rate: remove it", column=quoted(wrong[0]))
                raise ValueError(told)
        return columns

    @field_validator("within")
    @classmethod
    def _is_a_time(cls, name: str | None, info: ValidationInfo) -> str | None:
        landing = values.table_of(info)
        if landing is None or "fields" not in info.data:  # their problems are told
            return name
        times = [one for one in info.data["fields"] if landing.has_time(one)]
        if name is not None and name not in times:
            told = N_("{column} holds no time: name a column that does, or remove it")
            raise ValueError(_(told, column=quoted(name)))
        if name is None and times and landing.kinds == ("day",):
            told = N_(
                "is missing: add within: {column}, so that no row of another day passes for this "
                "day's"
            )
            raise ValueError(_(told, column=times[0]))
        return name

    @property
    def landing(self) -> FeedTable:
        """The table it lands in."""
        return TABLES[self.table]

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone as an object."""
        return ZoneInfo(self.timezone)

"""What editors check agrees with what the code checks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from include.registry import fields

WITH_PATTERN = ["JobId", "ShopId", "ConnectionId", "Cron", "Duration", "TimeOfDay", "Percent"]


@pytest.mark.parametrize("name", WITH_PATTERN)
@given(data=st.data())
def test_patterns(name: str, data: st.DataObject) -> None:
    """Whatever text the code takes, the pattern for editors takes as well."""
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(fields, name))
    pattern = adapter.json_schema()["pattern"]
    written = data.draw(st.from_regex(pattern, fullmatch=True) | st.text(max_size=12))
    try:
        adapter.validate_python(written)
    except ValidationError:
        return
    assert re.search(pattern, written)

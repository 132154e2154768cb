"""The form of a manual run."""

from __future__ import annotations

import pytest

from include.scheduling.form import form_for


@pytest.mark.parametrize("text", ["2025-10-02\n", "\n", "2025-10-02\n;id", "x\n2025-10-02"])
def test_a_line_break_does_not_fit(text: str) -> None:
    """Neither before a period nor behind it: no run is made that its task would refuse."""
    form = form_for("day", ("erp-1",))
    for word in ("period", "from", "to"):
        form[word].resolve("2025-10-02")
        with pytest.raises(ValueError, match="does not match"):
            form[word].resolve(text)

"""YAML syntax, down to what would hurt."""

from __future__ import annotations

import pytest

from include.registry.user_files import UnreadableError
from include.registry.yaml_positions import PREFIX, compose


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("10:00", "str"),
        ("010001", "str"),
        ("0x1F", "str"),
        ("1_000", "str"),
        ("2025-01-01", "str"),
        ("yes", "str"),
        ("no", "str"),
        ("1e3", "str"),
        ("9" * 5000, "str"),
        ("<<", "str"),
        ("=", "str"),
        ("true", "bool"),
        ("42", "int"),
        ("-7", "int"),
        ("0.5", "float"),
        ("~", "null"),
        ("null", "null"),
    ],
)
def test_plain_values(written: str, kind: str) -> None:
    """What looks like text is text; only JSON's other types are told apart."""
    assert compose("a", written.encode()).tag == PREFIX + kind


@pytest.mark.parametrize("deep", [b"[" * 100_000, b"{a: " * 100_000, b"- " * 100_000, b"? " * 9999])
def test_nesting(deep: bytes) -> None:
    """Nesting that would overflow the parser's stack is refused."""
    with pytest.raises(UnreadableError, match="nested deeper than 20 levels"):
        compose("a", deep)


def test_byte_order_mark() -> None:
    """The mark that Windows editors put before a text does not matter."""
    assert compose("a", b"\xef\xbb\xbfx").value == "x"

"""Signatures are those of the platforms' own samples, and of three packages that agree."""

from __future__ import annotations

from urllib.parse import quote

from include.alerts.channels.dialects import dingtalk_sign, feishu_sign


def test_dingtalk_signs_moment_and_secret() -> None:
    """In the query it stands percent-encoded, once."""
    made = dingtalk_sign(1577808000000, "SECabcdef0123456789")
    assert quote(made, safe="") == "Vkf8CqfL2Gogg444lPHZthpyZraEPu%2F4UBhTco%2F5FS4%3D"


def test_feishu_signs_nothing_with_moment_and_secret() -> None:
    """They are the key; the body that it signs is empty."""
    assert feishu_sign(1599360473, "abcDEF123") == "om0GNj0NQv/Dd81bIGufJpXps92xIXS6YT7djqHq+Iw="

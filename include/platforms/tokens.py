"""The tokens that a platform has refreshed, kept in the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine


class TokenStore:
    """The tokens in the warehouse's table `tokens`."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in a warehouse."""
        self._engine = engine

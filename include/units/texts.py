"""The texts that the ledger keeps of a unit: in English, and as each reader sees them."""

from __future__ import annotations

from include.language import N_, english, stored_message

LONGEST = 4_000  # characters of what is in English
# What MySQL's kind of text holds, 64 KB, is so much in any writing.
LONGEST_STORED = 16_000
# The columns of each text: it, and its template and values.
TEXT_OF = {name: (name, f"{name}_i18n") for name in ("error", "notice")}
LEFT_OUT = N_(
    "the script ended without saying anything of this shop, though it wrote down how others went: "
    "let it land or fail each of its shops; the next run tries this one again"
)


def columns_of(name: str, text: str | None) -> dict[str, str | None]:
    """Return what the columns of a text are to hold; nothing where it says nothing."""
    if not text:
        return dict.fromkeys(TEXT_OF[name])
    stored = stored_message(text)
    is_short = stored is not None and len(stored) <= LONGEST_STORED
    values = english(text)[:LONGEST], stored if is_short else None
    return dict(zip(TEXT_OF[name], values, strict=True))

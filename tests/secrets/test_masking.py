"""Masking in a stream: nothing of a secret is shown, nothing else is lost."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.secrets.masking import MaskedStream, Masker

SECRETS = ["hunter22", "hunter2255", "ter22xyz", "aaaa", "first line\nsecond", "密码一二三"]


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut data at the given places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


def shown(masker: Masker, pieces: list[bytes]) -> bytes:
    """Send pieces through a stream and join what it shows."""
    stream = MaskedStream(masker)
    return b"".join([stream.feed(piece) for piece in pieces] + [stream.finish()])


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_however_it_is_cut(secret: str) -> None:
    """Every place at which a secret may be cut in two gives the same as the whole."""
    data = f"before {secret} after\n".encode()
    masker = Masker([secret])
    for place in range(len(data)):
        assert shown(masker, [data[:place], data[place:]]) == b"before *** after\n"
    assert shown(masker, [bytes([byte]) for byte in data]) == b"before *** after\n"


@given(
    words=st.lists(st.sampled_from([*SECRETS, "hunt", "er22", "aa", "x", "\n", "密", "a"])),
    cuts=st.lists(st.integers(min_value=0)),
)
def test_cuts_change_nothing(words: list[str], cuts: list[int]) -> None:
    """Text without secrets comes out as it is, and no secret ever comes out, wherever it is cut."""
    data = "".join(words).encode()
    masker = Masker(SECRETS)
    result = shown(masker, pieces_of(data, cuts))
    assert result.count(b"\n") <= data.count(b"\n")
    for secret in SECRETS:
        assert secret.encode() not in result
    if not masker.find(data):
        # An end that looks like the beginning of a secret may be masked, and nothing else.
        assert data.startswith(result.removesuffix(b"***"))


def test_overlapping_secrets_leave_no_rest() -> None:
    """Where one secret ends inside another, neither's rest is shown."""
    assert Masker(SECRETS).mask("<hunter22xyz>") == "<***>"


def test_a_line_is_not_held_back() -> None:
    """A finished line is shown at once, not when the next one comes."""
    assert MaskedStream(Masker(["hunter22"])).feed(b"hunter22 done\n") == b"*** done\n"


def test_a_secret_that_is_cut_off_is_not_shown() -> None:
    """A script that ends in the middle of a secret does not show the half of it."""
    assert shown(Masker(["hunter22"]), [b"see: hunter2"]) == b"see: ***"
    assert shown(Masker(["hunter22"]), [b"see: hu"]) == b"see: hu"


def test_a_flood_is_masked_quickly() -> None:
    """Ten connections and 20 MB of text take a few seconds of the processor at most."""
    source = random.Random(1)
    secrets = ["".join(source.choices("abcdefghijklmnop0123456789", k=32)) for _ in range(30)]
    line = b"2025-10-02 08:00:01 shop 1001: page 17 of 230, 100 orders, paid 8,412.50\n"
    flood = [line * 900] * 310
    started = time.process_time()
    assert shown(Masker(secrets), flood) == b"".join(flood)
    assert time.process_time() - started < 15


@pytest.mark.parametrize("secret", ["pass\ud800word", "name\udcffword", "密码\udfff"])
def test_half_characters_hide_no_secret(secret: str) -> None:
    """A text with half a character is shown escaped, and a secret with one is masked."""
    assert Masker([secret]).mask(f"<{secret}> \ud800") == r"<***> \ud800"
    assert Masker(["hunter22"]).mask("\ud800 hunter22 \udcff") == r"\ud800 *** \udcff"

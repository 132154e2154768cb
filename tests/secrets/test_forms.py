"""The forms in which a secret is found."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from include.secrets.forms import forms_of
from include.secrets.masking import Masker


@pytest.mark.parametrize(
    "secret", ["p@ss/w+rd=&", 'quo"te\\back', "it's", "密码一二三", "two\nlines", "abcd"]
)
def test_every_usual_form_is_known(secret: str) -> None:
    """Plain, percent-encoded (either case), escaped in JSON and Python, in base64."""
    forms = {form.decode() for form in forms_of(secret)}
    assert {secret, quote(secret, safe=""), quote(secret)} <= forms
    assert {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]} <= forms
    assert {repr(secret)[1:-1], ascii(secret)[1:-1]} <= forms
    assert json.dumps(secret)[1:-1].replace("/", r"\/") in forms
    assert base64.b64encode(secret.encode()).decode() in forms
    assert {html.escape(secret), repr(secret.encode())[2:-1]} <= forms


@pytest.mark.parametrize(
    "secret", ["p@ss/w+rd=&", 'quo"te\\back', "it's", "密码一二三", "é'\"\\/%"]
)
def test_a_secret_that_is_escaped_twice_is_known(secret: str) -> None:
    """As in a printed environment, whose connections are JSON, or in JSON inside JSON."""

    def shown(password: str) -> list[str]:
        connection = json.dumps({"password": password})
        return [repr({"X": connection}), json.dumps([connection])]

    masker = Masker([secret])
    assert [masker.mask(text) for text in shown(secret)] == shown("***")
    assert masker.mask(quote(quote(secret))) == "***"


@pytest.mark.parametrize("login", ["", "u:", "us:", "use:", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_a_secret_is_found_inside_longer_base64(login: str, after: str) -> None:
    """As in the header of HTTP Basic authentication, at whatever place."""
    whole = base64.b64encode(f"{login}correct horse{after}".encode())
    longest = max((form for form in forms_of("correct horse") if form in whole), key=len)
    assert len(longest) >= len(base64.b64encode(b"correct horse")) - 6

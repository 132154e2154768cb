"""What looks like a secret in the words of a command, in a variable, a comment or a program."""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from include.language import Message, _
from include.registry.environment import CAMEL_CASE, SECRET
from include.secrets.masking import MASK, SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

URL = re.compile(r"(?<=://)[^/\s:@]{0,200}:([^/\s@{}]{4,300})@")
# Words that the registry's own list of names does not have.
MORE = re.compile(r"(?:^|_)(?:PW|PSW|COOKIES?|AUTHORIZATION)\d*(?:_|$)|PASSW(?:OR)?D(?:_|$)")
CHINESE = re.compile(r"密码|口令|密钥|令牌")
SCHEME_OF_URL = re.compile(r"[a-z][a-z+]{0,20}://\Z")
# What stands where a secret is to be filled in, or names where it is kept.
EMPTY = re.compile(r"[*x.]+|<.*>|\$.*|\{.*\}|your.*|None|null", re.IGNORECASE)
NAME = r"[A-Za-z_\u4e00-\u9fff][\w.-]{0,60}"
# A whole word: `--password=X`, `TOKEN=X`, `Authorization: Bearer X`.
WHOLE = re.compile(rf"(-{{0,2}}({NAME})\s{{0,3}}[=:：]\s{{0,3}})\S.*", re.DOTALL)
# The same somewhere in a word, in a URL or in JSON; and `--password X` in a command that is a word.
KEY = re.compile(
    rf"(?<![\w-])(?:-{{0,2}}({NAME})[\"']?\s{{0,3}}[=:：]\s{{0,3}}[\"']?|--?({NAME})\s{{1,3}}[\"']?)"
)
VALUE = re.compile(r"(?:(?:bearer|basic|digest)\s{1,3})?[^\s\"',;&}]+", re.IGNORECASE)
SCHEME = re.compile(
    r"\bbearer\s{1,3}([^\s\"',;]+)|\bbasic\s{1,3}(?-i:([a-z]*[A-Z\d=][^\s\"']{4,}))", re.IGNORECASE
)
OPTION = re.compile(rf"--?({NAME}):?|({NAME}):")
GLUED = re.compile(r"-p(?=\S{0,200}[^a-z-])\S{4,}")  # as mysql has it
HARMLESS = re.compile(r"\d*\Z|[/.~]")  # what else `-p` may have: a port, a folder
IN_WORDS = re.compile(
    r"(?:密码|口令|密钥|令牌)\s{0,3}[是为]?\s{0,3}[!-~]{3}"
    r"|(?i:\b(?:pass(?:word|wd)?|pwd|pw|token|secret|key))\s{1,3}(?:is\s{1,3})?"
    r"(?=\S{0,60}[^\sa-z])[!-~]{4}"
)
PLAIN = re.compile(r"[\w@%+=:,./*<>&|;()-]+")
USER_TOKEN = re.compile(r"(?<=://)([^/\s:@]{20,300})@")
ACCOUNT = re.compile(r"(--user=[^:]*:)\S+")
AUTHENTICATIONS = ("bearer", "basic", "digest")
OPERATORS = set("();<>|&")


class Word(NamedTuple):
    """One word of a command.

    Attributes:
        shown: it, with a secret masked.
        secret: the name of the secret in it, or of that in the next word; empty for none.
    """

    shown: str
    secret: str = ""


def is_secret_name(name: str) -> bool:
    """Return whether a name is one that secrets have, such as `db_password` or `appKey`."""
    word = CAMEL_CASE.sub("_", name.strip()).replace("-", "_").upper()
    return bool(SECRET.search(word) or MORE.search(word) or CHINESE.search(name))


def looked_through(words: Sequence[str]) -> list[Word]:
    """Return the words of a command, with what looks like a secret masked."""
    found: list[Word] = []
    option = ""
    for word in words:
        if option and word.lower() in AUTHENTICATIONS:
            found.append(Word(word, option))
        elif option and not set(word) <= OPERATORS and not (option == "p" and HARMLESS.match(word)):
            found[-1] = Word(found[-1].shown, option)
            found.append(Word(MASK, option))
            option = ""
        else:
            found.append(_look_at(word, words[len(found) - 1] if found else ""))
            option = _option(word)
    return found


def holds_secret(text: str) -> bool:
    """Return whether a value or a comment has something in it that looks like a secret."""
    return bool(IN_WORDS.search(text) or _look_at(text, "").secret)


def refused_variable(name: str, value: str) -> Message | None:
    """Return why a variable is left out, which is that it looks like a secret; else None."""
    if not (is_secret_name(name) or holds_secret(value)):
        return None
    return _("variable {name} looks like a secret, and is left out: put its value in a connection "
             "(Admin > Connections), and list that under 'connections'", name=name)  # fmt: skip


def masked(words: Sequence[str]) -> str:
    """Return a command for people, with its secrets masked."""
    shown = (one.shown for one in looked_through(words))
    return " ".join(one if PLAIN.fullmatch(one) else shlex.quote(one) for one in shown)


def has_secret(words: Sequence[str]) -> bool:
    """Return whether something in a command looks like a secret."""
    return any(one.secret for one in looked_through(words))


def _option(word: str) -> str:
    """Return the name of an option, or header, whose value is a secret; empty for all others."""
    if word.lower() == "bearer":
        return word
    named = OPTION.fullmatch(word)
    name = (named[1] or named[2]) if named else ""
    return name if name == "p" or is_secret_name(name) else ""


def _look_at(word: str, before: str) -> Word:
    whole = WHOLE.fullmatch(word)
    if whole and is_secret_name(whole[2]):
        return Word(f"{whole[1]}{MASK}", whole[2])
    if before in ("-u", "--user") and ":" in word:
        return Word(f"{word.partition(':')[0]}:{MASK}", before.lstrip("-"))
    if account := ACCOUNT.fullmatch(word):
        return Word(f"{account[1]}{MASK}", "user")
    if GLUED.fullmatch(word):
        return Word(f"-p{MASK}", "p")
    spans = [(found.span(1), "URL") for url in (URL, USER_TOKEN) for found in url.finditer(word)]
    spans += [(one.span(one.lastindex or 0), "Authorization") for one in SCHEME.finditer(word)]
    end = 0
    for key in KEY.finditer(word):
        name = key[1] or key[2]
        if key.start() < end or not (name == "p" or is_secret_name(name)):
            continue
        start, end = _value_at(word, key.end())
        if name != "p" or (key[2] and not HARMLESS.match(word, start, end)):
            spans.append(((start, end), name))
    shown, at = "", 0
    for (start, end), _name in sorted(spans):
        if end > at:
            shown += word[at:start] + MASK if start >= at else ""
            at = end
    return Word(shown + word[at:], spans[0][1] if spans else "")


def _value_at(text: str, start: int) -> tuple[int, int]:
    quote = text[start - 1]
    end = text.find(quote, start) if quote in "\"'" else -1
    if end < 0:
        end = found.end() if (found := VALUE.match(text, start)) else start
    return start, end


def secrets_in(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield line and name of each secret that a program, of these nodes, is written with."""
    for node in nodes:
        for name, value in _named(node):
            if is_secret_name(name) and _is_secret(value):
                yield getattr(value, "lineno", 0), name
        text = node.value if isinstance(node, ast.Constant) else None
        found = URL.search(text) if isinstance(text, str) else None
        if found and isinstance(text, str) and not EMPTY.fullmatch(found[1]):
            yield getattr(node, "lineno", 0), _scheme(text[: found.start()]) + "…"


def _scheme(before: str) -> str:
    found = SCHEME_OF_URL.search(before[-30:])
    return found[0] if found else "://"


def _named(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the values of a node that have a name: variables, arguments, keys."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _name(target), node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield _name(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        places = [*node.args.posonlyargs, *node.args.args]
        defaults = node.args.defaults
        for argument, value in zip(places[len(places) - len(defaults) :], defaults, strict=True):
            yield argument.arg, value


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return getattr(target, "id", "") or getattr(target, "attr", "")


def _is_secret(value: ast.AST) -> bool:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, (str, bytes)):
        return False
    text = value.value if isinstance(value.value, str) else value.value.decode("utf-8", "replace")
    return len(text) >= SHORTEST and not EMPTY.fullmatch(text)

"""Text that looks like a secret: tokens, keys, passwords, connection strings. Pure.

Known shapes first, then what is assigned to a name that says what it is, then what only looks random. Whatever is
found is named by its kind and its line, never repeated.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from londata.records.publications import Weight

#: A line with this comment holds no secret, its author says.
SAID_TO_BE_NONE = "# not a secret"
_Known = tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]
_Worded = tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]
#: Its kind, letters without which there is none of it, and what it looks like.
_KNOWN: _Known = (
    ("a private key", ("-----BEGIN ",), re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("a key of Amazon's cloud", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    ),
    ("a GitLab token", ("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", ("xox",), re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}")),
    ("a key of Google's", ("AIza",), re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a payment key", ("k_live_",), re.compile(r"\b[sr]k_live_[0-9A-Za-z]{16,}")),
    ("an API key", ("sk-",), re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}")),
    (
        "a package token",
        ("npm_", "pypi-AgEI"),
        re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgEI[A-Za-z0-9_-]{50,})"),
    ),
    ("a key of Azure storage", ("AccountKey=",), re.compile(r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}")),
    ("a signed address of Azure storage", ("sig=",), re.compile(r"[?&]sig=[A-Za-z0-9%+/]{30,}")),
    (
        "a login token (JWT)",
        (".eyJ",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,}"),
    ),
)
_BEARER = re.compile(r"\b(?:Bearer|token)\s+([A-Za-z0-9._~+/-]{20,})", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]{0,100}:([^\s/@'\"]{1,200})@[^\s'\"]", re.IGNORECASE)
_TEXT = re.compile(r"(['\"])((?:(?!\1).){1,2000})\1")
_DRIVER = re.compile(r"(?i)(?:^|[;\s])(?:password|pwd)\s*=\s*([^;\s{}]{1,100})")
_OF_DRIVER = re.compile(r"(?i)(?:^|[;\s])(?:host|server|data source|user id|uid|user|dbname|database)\s*=")
_IN_QUERY = re.compile(
    r"(?i)[?&](?:app_?key|api_?key|access_?token|auth_?token|subscription-key|client_secret|token|key)="
    r"([A-Za-z0-9_.~-]{12,})"
)
_NAMED = re.compile(
    r"(?i)(?:\b|_)(password|passwd|pwd|passphrase|secret|api_?key|app_?key|access_?key|secret_?key|auth_?token|"
    r"access_?token|client_?secret|token|credential)s?['\"]?\s{0,20}[\])]?\s{0,20}"
    r"(?::\s{0,20}\w{1,80}\s{0,20})?[=:]\s{0,20}[rbfu]{0,2}(['\"])(.{4,400}?)\2"
)
_QUOTED = re.compile(r"(['\"])([A-Za-z0-9+/_=-]{28,200})\1")
_PRIVATE_HOST = re.compile(
    r"(?i)\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.\d{1,3}\.\d{1,3}\b(?:\.\d+)?"
    r"|(?:[/@\"'\\]|\bserver=|\bhost=)((?:[a-z0-9-]+\.)+(?:internal|intranet|local|corp|lan))\b"
)
#: Small letters without which there is none of it: to search for these costs next to nothing.
_WORDS_OF: _Worded = (
    (_ADDRESS, ("://",)),
    (_DRIVER, ("password", "pwd")),
    (_IN_QUERY, ("key=", "token=", "secret=")),
    (_BEARER, ("bearer", "token")),
    (_NAMED, ("pass", "pwd", "secret", "key", "token", "credential")),
    (
        _PRIVATE_HOST,
        ("10.", "192.168.", "172.", "169.254.", ".internal", ".intranet", ".local", ".corp", ".lan"),
    ),
)
_STAND_INS = re.compile(
    r"(?i)^(?:x+|\*+|\.+|-+|_+|\$.*|%.*|<.*>|\{.*\}|\[.*\]|none|null|true|false|todo|tbd|changeme|change[-_ ]?me|"
    r"password|passwort|secret|token|key|user|pass|pwd|your[-_ ].*|my[-_ ].*|the[-_ ].*|example.*|dummy.*|test.*|"
    r"placeholder.*|redacted.*|hidden|none-needed.*|.*\s.*\s.*)$"
)
#: Bits for each character from which on letters and digits look random, and not like words.
_RANDOM_BITS = 4.2
_RANDOM_TOKEN_BITS = 3.0


@dataclass(frozen=True)
class Giveaway:
    """What looks like a secret: what kind, in which line (from 1), and how sure that is."""

    kind: str
    line: int
    weight: Weight


def giveaways(text: str, *, guess: bool = True) -> list[Giveaway]:
    """Find what looks like a secret in a text.

    Parameters
    ----------
    text
        Code, prose or what a cell put out.
    guess
        Whether to report also what only looks random; not for data, which is full of identifiers.

    Returns
    -------
    list of Giveaway
        One for each kind and line. A line whose author says ``# not a secret`` weighs less.
    """
    found = []
    known = tuple(each for each in _KNOWN if _has(text, each[1]))
    small = text.casefold()
    worded = tuple((pattern, words) for pattern, words in _WORDS_OF if _has(small, words))
    if not known and not worded and not guess:
        return []
    for number, line in enumerate(text.splitlines(), 1):
        for kind, weight in dict(_in_line(line, guess, known, worded)).items():
            said = SAID_TO_BE_NONE in line
            found.append(Giveaway(kind, number, "should" if said else weight))
    return found


def _has(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def entropy(text: str) -> float:
    """Say how many bits of information a character of a text has, by how often each occurs in it."""
    counts, total = Counter(text), len(text)
    return -sum(n / total * math.log2(n / total) for n in counts.values()) if total else 0.0


def _in_line(line: str, guess: bool, known: _Known, worded: _Worded) -> Iterator[tuple[str, Weight]]:
    """Look at one line, for those kinds of which the text has the letters."""
    sure = [kind for kind, words, pattern in known if _has(line, words) and pattern.search(line)]
    small = line.casefold() if worded else ""
    here = {pattern for pattern, words in worded if _has(small, words)}
    if _ADDRESS in here:
        sure += ["a password in an address"] * any(_is_secret(each) for each in _ADDRESS.findall(line))
    if _DRIVER in here:
        strings = [text for _, text in _TEXT.findall(line) if _OF_DRIVER.search(text)]
        inside = [value for text in strings for value in _DRIVER.findall(text)]
        sure += ["a password in a connection string"] * any(map(_is_secret, inside))
    tokens = [value for pattern in (_IN_QUERY, _BEARER) if pattern in here for value in pattern.findall(line)]
    sure += ["a key in an address or header"] * any(_is_token(each) for each in tokens)
    if _NAMED in here:
        named = [(name, value) for name, _, value in _NAMED.findall(line) if _is_secret(value)]
        sure += [_called(name) for name, value in named if _fits(name, value)][:1]
    for kind in sure:
        yield kind, "must"
    if _PRIVATE_HOST in here and _PRIVATE_HOST.search(line):
        yield "an address inside somebody's network", "should"
    if guess and not sure and "base64," not in line and any(_is_random(value) for _, value in _QUOTED.findall(line)):
        yield "something random, as keys are", "should"


def _called(name: str) -> str:
    words = name.lower().replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _is_secret(value: str) -> bool:
    """Tell whether a value is meant, and not a stand-in for one."""
    return len(value) >= 4 and not _STAND_INS.match(value)


def _is_token(value: str) -> bool:
    return _is_secret(value) and entropy(value) > _RANDOM_TOKEN_BITS and any(map(str.isdigit, value))


def _fits(name: str, value: str) -> bool:
    """Tell whether a value is what its name says: passwords may be words, tokens are not."""
    if name.lower() in ("password", "passwd", "pwd", "passphrase"):
        return " " not in value.strip()
    return len(value) >= 12 and " " not in value and any(map(str.isdigit, value)) and entropy(value) > 2.8


def _is_random(value: str) -> bool:
    """Tell whether a value mixes capitals, small letters and digits as no word or code of an area does."""
    mixed = all(any(map(kind, value)) for kind in (str.isupper, str.islower, str.isdigit))
    return mixed and entropy(value) >= _RANDOM_BITS and not re.search(r"[/_-]{2}|[a-z]{7,}|[A-Z]{7,}", value)

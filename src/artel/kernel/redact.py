"""What may stand in no log, whoever says it: secrets by their form, and those of the settings by the letter.

Nobody here writes one; but libraries put addresses, parameters and whole requests into what they say of a failure.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote, urlsplit

GONE = "***"
LONG_ENOUGH = 8  # a password that is a common word would take that word out of every line
NAMED = r"authorization|cookie|secret|password|passwd|pwd|dsn|ticket|signature|init_?data|(?:[a-z]+[_-])?token"
VALUE = r"[^\s\"'\\,;&)\]}]+"

# What is found is gone, but for the first group of it. Each is looked for only where a word begins: the time for a line
# grows as the line does. Perl reads them too: nothing that only Python knows. Beside each: what stands, in small
# letters, in whatever it finds, where there is such a thing; most lines have none of it, and are told so by that.
FORMS: Final[Mapping[str, Sequence[str]]] = {
    r"(?<=://)[^\s/@\"'\\]+(?=@)": ["://"],  # who comes, and with which password
    r"(?<![^\s\"'\\])[^\s\"'\\]*?(?:auth_date|query_id|\bhash)(?:=|%3D)[^\s\"'\\]*": [  # Telegram's init data
        "auth_date", "query_id", "hash",
    ],
    r"(?<!\d)\d{5,}(?::|%3A)[\w-]{20,}": [],  # a bot's token
    r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?": ["eyj"],
    r"\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.\d{1,9}\.[\w-]+": [],  # a refresh token
    r"(\bticket\.)[\w-]+": ["ticket."],
    r"(/[st]/(?:#|%23))[\w.-]+": ["/s/", "/t/"],  # a link that shares something
    r"(/join/)[^\s/?\"'\\]+": ["/join/"],
    r"(\bcode\W{1,8})[\dA-HJ-NP-Z]{6}\b": ["code"],
    r"([?&](?:code|state)=|\bsigned_in=|/link(?:#|%23))[^\s&\"'\\]+": [  # of a way back from a provider
        "code=", "state=", "signed_in=", "/link",
    ],
    r"(?i)(\bpassword\s+\\*')[^'\\]+": ["password"],  # as SQL sets it
    r"(Key \([^()]*\)=)\([^()]*\)": ["key ("],  # what PostgreSQL says of a row that is there already
    rf"(?i)\b((?:x-)?(?:{NAMED})\b(?:(?:\\*[\"'])?\s*[=:]|',)\s*(?:b?\\*[\"'])?(?:(?:bearer|basic)\s+)?){VALUE}": [
        "authorization", "cookie", "secret", "passw", "pwd", "dsn", "ticket", "signature", "init", "token",
    ],
}  # fmt: skip

Redact = Callable[[str], str]


def redactor(*secrets: str) -> Redact:
    """`secrets` are looked for by the letter."""
    forms = [(re.compile(form), clues) for form, clues in FORMS.items()]
    known = {each for secret in secrets if len(secret) >= LONG_ENOUGH for each in (secret, quote(secret, safe=""))}
    if known:
        longest_first = sorted(known, key=len, reverse=True)
        forms.insert(0, (re.compile("|".join(map(re.escape, longest_first))), []))

    def redact(text: str) -> str:
        folded = text.casefold()
        for form, clues in forms:
            if not clues or any(clue in folded for clue in clues):
                text = form.sub(_first_group, text)
        return text

    return redact


def _first_group(found: re.Match[str]) -> str:
    return (found[1] if found.re.groups else "") + GONE


def passwords(urls: Iterable[str]) -> list[str]:
    """As they stand there, and as they are."""
    found = [urlsplit(url).password or "" for url in urls]
    return [each for password in found for each in (password, unquote(password))]

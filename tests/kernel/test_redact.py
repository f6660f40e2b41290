"""What is hidden in a log, and what is left as it was."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.redact import FORMS, passwords, redactor

BOT = "7123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
REFRESH = "0190c1a2-7b3c-7def-8123-456789abcdef.12.pX3h-kQ_9sVdb2Zt0aY7LmNcUeRwSgFjBiOoTqXyZ01"
INIT = "query_id=AAHdF6IQ&user=%7B%22id%22%3A279058397%7D&auth_date=1662771648&signature=abcDEF_-&hash=c501b71e7"
SHARE = "dGhpcyBpcyBhIHNoYXJl"


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("cannot reach postgresql+asyncpg://artel_game:p4ss%2Fw0rd@10.0.0.1:5432/game", "p4ss%2Fw0rd"),
        ("redis://:onlypassword@127.0.0.1/0 refused", "onlypassword"),
        (f"POST https://api.telegram.org/bot{BOT}/sendMessage: 502", BOT),
        (f"https://proxy/?to=bot{BOT.replace(':', '%3A')}", BOT.partition(":")[2]),
        (f"Authorization: Bearer {JWT}", JWT),
        (f"a forged {JWT[:60]}", JWT[:60]),
        ("authorization: bearer opaque-and-long", "opaque-and-long"),
        ("[(b'host', b'x'), (b'x-share-token', b'" + SHARE + "')]", SHARE),
        (repr({"refresh_token": REFRESH}), REFRESH),
        (json.dumps(json.dumps({"refresh_token": "opaque"})), "opaque"),
        (f"token {REFRESH} was used before", REFRESH),
        (f"input_value='{INIT}', input_type=str", "279058397"),
        (f"input_value='{INIT}', input_type=str", "c501b71e7"),
        (f"GET /api/v1/auth/telegram?init_data={INIT.replace('=', '%3D').replace('&', '%26')} HTTP/1.1", "AAHdF6IQ"),
        ("init_data=opaque", "opaque"),
        (f"artel.v1, ticket.{SHARE}", SHARE),
        (f"https://artel.example/s/#{SHARE}", SHARE),
        (f"https://artel.example/t/#0190c1a2-7b3c-7def-8123-456789abcdef.{SHARE}", SHARE),
        ("GET /join/K7M2QX HTTP/1.1", "K7M2QX"),
        ("input_value={'code': 'K7M2QX'}", "K7M2QX"),
        ("duplicate key\nDETAIL:  Key (code)=(K7M2QX) already exists.", "K7M2QX"),
        ("GET /api/v1/auth/google/callback?state=xAbC-1&code=4%2F0AbCdEf&scope=openid", "4%2F0AbCdEf"),
        ("GET /api/v1/auth/google/callback?state=xAbC-1&code=4%2F0AbCdEf&scope=openid", "xAbC-1"),
        (f"https://artel.example/link#{SHARE}{SHARE}", SHARE),
        (f"location: /stats#signed_in={SHARE}{SHARE}", SHARE),
        ("password=hunter2hunter2 host=db", "hunter2hunter2"),
        ("STATEMENT:  ALTER ROLE a LOGIN PASSWORD 'hunter2hunter2'", "hunter2hunter2"),
        ("passwd='hunter2hunter2'", "hunter2hunter2"),
    ],
)  # fmt: skip
def test_a_secret_is_known_by_its_form(said: str, secret: str) -> None:
    for text in (said, json.dumps({"message": said})):
        redacted = redactor()(text)
        assert secret not in redacted
        assert "***" in redacted
    assert json.loads(redactor()(json.dumps({"message": said}))).keys() == {"message"}


@pytest.mark.parametrize("form", [form for form, clues in FORMS.items() if clues])
@given(data=st.data())
def test_a_clue_is_in_whatever_its_form_finds(form: str, data: st.DataObject) -> None:
    said = data.draw(st.from_regex(re.compile(form, re.ASCII)))
    assert any(clue in said.casefold() for clue in FORMS[form])


@pytest.mark.parametrize(
    "said",
    [
        'password authentication failed for user "artel_game"',
        "POST /api/v1/sessions/join 404",
        "POST /api/v1/auth/refresh",
        "code=invalid_body",
        "The token is not valid.",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736, request 0190c1a2-7b3c-7def-8123-456789abcdef",
        "2026-11-25T21:45:50.123Z at 127.0.0.1:5432 took 12345: slow",
        "postgresql://127.0.0.1:5432/game",
        "user@example.org has hash 12",
        '{"artel.route":"/shared/live-ticket","http.response.status_code":200}',
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert redactor()(said) == said


def test_a_secret_of_the_settings_is_known_by_the_letter() -> None:
    redact = redactor("of no form/at all", "", "short")
    assert redact("it is of no form/at all, or of%20no%20form%2Fat%20all; short") == "it is ***, or ***; short"


def test_passwords_as_they_stand_and_as_they_are() -> None:
    assert passwords(["postgresql://a:p%2Fw@h/d", "memory://", "redis://h"]) == ["p%2Fw", "p/w", "", "", "", ""]


@pytest.mark.parametrize("long", ["a" * 60_000, "a-" * 30_000, "12345:" * 10_000, "token" * 12_000, "Key (" * 12_000])
def test_a_long_line_takes_no_long_time(long: str) -> None:
    began = time.process_time()
    redactor()(long)
    assert time.process_time() - began < 1

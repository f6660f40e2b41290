import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from artel.auth import telegram
from artel.auth.telegram import BadInitData, Proof, signed_by_telegram, signed_with_token, verify_init_data

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "telegram.json").read_text(encoding="utf-8"))


@pytest.fixture
def by_number(monkeypatch: pytest.MonkeyPatch) -> Proof:
    monkeypatch.setattr(telegram, "PUBLIC_KEY", VECTORS["ed25519"]["test_public_key_hex"])
    return signed_by_telegram(VECTORS["bot_id"])


def check(vector: dict[str, Any], proof: Proof, expected: str) -> None:
    def verify() -> None:
        verify_init_data(vector["init_data"], proof, VECTORS["now"])

    # Two launches are signed well and name nobody who could sign in.
    if expected == "ok" and vector["name"] not in {"valid_no_user", "user_not_json"}:
        verify()
    else:
        with pytest.raises(BadInitData) as refused:
            verify()
        assert (refused.value.code == "init_data_expired") == (expected == "expired")
        assert (vector["hash"] or "no hash") not in str(refused.value)


@pytest.mark.parametrize("vector", VECTORS["mini_app"], ids=lambda vector: vector["name"])
def test_with_the_token(vector: dict[str, Any]) -> None:
    check(vector, signed_with_token(VECTORS["bot_token"]), vector["expect_hmac"])


@pytest.mark.parametrize("vector", VECTORS["mini_app"], ids=lambda vector: vector["name"])
def test_with_the_number_alone(vector: dict[str, Any], by_number: Proof) -> None:
    """What has no signature of Telegram's own is refused, whatever else it is."""
    check(vector, by_number, vector["expect_third_party"] or "no signature")


def test_a_launch_has_one_name_however_its_signature_is_written(by_number: Proof) -> None:
    valid = next(vector["init_data"] for vector in VECTORS["mini_app"] if vector["name"] == "valid_with_signature")
    _, name = verify_init_data(valid, by_number, VECTORS["now"])
    signature = dict(parse_qsl(valid))["signature"]
    for other in (f"{signature}==", signature[:-1] + chr(ord(signature[-1]) + 1)):
        again = valid.replace(signature, quote(other)).replace("hash=", "hash=0")
        assert again != valid
        assert verify_init_data(again, by_number, VECTORS["now"])[1] == name


def test_a_line_break_does_not_hide_one_field_in_another() -> None:
    """The text that is signed is the same, whether its lines are fields or one field has two lines."""
    valid = next(vector["init_data"] for vector in VECTORS["mini_app"] if vector["name"] == "valid")
    fields = sorted(dict(parse_qsl(valid)).items())
    signed = [(name, value) for name, value in fields if name != "hash"]
    for place, (name, value) in enumerate(signed[:-1]):
        after, its = signed[place + 1]
        kept = [pair for pair in fields if pair[0] not in {name, after}]
        glued = urlencode([*kept, (name, f"{value}\n{after}={its}")])
        with pytest.raises(BadInitData, match="a line break"):
            verify_init_data(glued, signed_with_token(VECTORS["bot_token"]), VECTORS["now"])


def test_user_is_read() -> None:
    valid = next(vector for vector in VECTORS["mini_app"] if vector["name"] == "valid")
    user, launch = verify_init_data(valid["init_data"], signed_with_token(VECTORS["bot_token"]), VECTORS["now"])
    assert (user.id, user.first_name, user.last_name, user.username) == (900000001, "Test", "Player", "test_player")
    assert user.language == "en"
    assert launch == valid["hash"]

import json
from pathlib import Path
from typing import Any

import pytest

from artel.auth.telegram import BadInitData, verify_init_data

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "telegram.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["mini_app"], ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    def verify() -> None:
        verify_init_data(vector["init_data"], VECTORS["bot_token"], VECTORS["now"])

    # Two launches are signed well and name nobody who could sign in.
    if vector["expect_hmac"] == "ok" and vector["name"] not in {"valid_no_user", "user_not_json"}:
        verify()
    else:
        with pytest.raises(BadInitData) as refused:
            verify()
        assert (refused.value.code == "init_data_expired") == (vector["expect_hmac"] == "expired")
        assert (vector["hash"] or "no hash") not in str(refused.value)


def test_user_is_read() -> None:
    valid = next(vector for vector in VECTORS["mini_app"] if vector["name"] == "valid")
    user, launch = verify_init_data(valid["init_data"], VECTORS["bot_token"], VECTORS["now"])
    assert (user.id, user.first_name, user.last_name, user.username) == (900000001, "Test", "Player", "test_player")
    assert user.language == "en"
    assert launch == valid["hash"]

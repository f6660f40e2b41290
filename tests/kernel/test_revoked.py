"""Tokens of sign-ins that have ended: every process hears of them, and forgets nothing in an outage."""

from pathlib import Path

import orjson
import pytest

from artel.auth.keys import KeyRing, ensure_key
from artel.kernel.errors import Problem
from artel.kernel.revoked import KEY
from artel.kernel.store import MemoryStore
from artel.kernel.token import Verifier
from kernel.test_token import claims


class Away(MemoryStore):
    async def get(self, key: str) -> str | None:
        raise ConnectionError(key)


async def test_a_token_of_an_ended_sign_in_is_good_no_more(tmp_path: Path) -> None:
    ensure_key(tmp_path)
    verifier, store = Verifier(tmp_path), MemoryStore()
    ended, other = (f"Bearer {KeyRing(tmp_path).sign(claims(sid=sid))}" for sid in ("ended", "other"))
    assert verifier.caller(ended).sid == "ended"
    await store.put(KEY, orjson.dumps(["ended"]).decode(), 60)
    await verifier.revoked.look(store)
    assert verifier.caller(other).sid == "other"
    with pytest.raises(Problem) as refused:
        verifier.caller(ended)
    assert (refused.value.status, refused.value.code) == (401, "signed_out")


async def test_listeners_are_told_when_there_are_others(tmp_path: Path) -> None:
    revoked, store, heard = Verifier(tmp_path).revoked, MemoryStore(), []
    revoked.listeners.append(lambda: heard.append("one" in revoked))
    await revoked.look(store)
    for said in ('["one"]', '["one"]', "[]"):
        await store.put(KEY, said, 60)
        await revoked.look(store)
    assert heard == [True, False]


async def test_an_outage_forgets_nothing(tmp_path: Path) -> None:
    revoked, store = Verifier(tmp_path).revoked, MemoryStore()
    await store.put(KEY, '["one"]', 60)
    await revoked.look(store)
    with pytest.raises(ConnectionError):
        await revoked.look(Away())
    await revoked.look(MemoryStore())
    assert "one" in revoked

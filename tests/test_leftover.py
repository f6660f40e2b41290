"""What a killed supervisor leaves behind, and only that, is ended; what `make stack` was told once is kept."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import leftover
from keeping import KEPT, keep
from stack import Stack


@contextmanager
def idler(env: dict[str, str], *, leads: bool = False, deaf: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    deafly = "trap '' TERM INT;" if deaf else ""
    command = ["/bin/sh", "-c", f"{deafly} echo; exec sleep 300"]
    with subprocess.Popen(command, env=env, start_new_session=leads, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":  # in between nobody sees what it was told
            assert process.poll() is None
        try:
            yield process
        finally:
            process.kill()


def told(home: Path, name: str) -> dict[str, str]:
    return {"SUPERVISOR_SERVER_URL": f"unix://{home}/supervisor.sock", "SUPERVISOR_PROCESS_NAME": name}


def test_what_is_of_this_stack_is_ended_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = tmp_path / "stack", tmp_path / "stack-2"
    home.mkdir()
    other.mkdir()
    monkeypatch.setattr(leftover, "STOP_SECONDS", 1)
    stack = Stack(8080, home)
    with ExitStack() as started:
        neighbour = started.enter_context(idler(told(other, "game")))
        stranger = started.enter_context(idler({"ARTEL_DATA_DIR": str(home)}, leads=True))
        (home / "supervisor.pid").write_text(f"{stranger.pid}\n")  # an old number, which somebody else has by now
        stack.down()
        assert capsys.readouterr().out == f"nothing runs in {home}\n"
        ours = {
            name: started.enter_context(idler(told(home, name), deaf=name == "deaf"))
            for name in ("game", "postgres", "deaf")
        }
        with pytest.raises(SystemExit, match="make stack ends what a killed supervisor left behind"):
            stack.restart([])
        stack.down()
        assert capsys.readouterr().out.endswith(f"left behind in {home} (3 processes)\n")
        ends = {name: -process.wait(10) for name, process in ours.items()}
        assert ends == {"game": signal.SIGTERM, "postgres": signal.SIGINT, "deaf": signal.SIGKILL}
        assert [neighbour.poll(), stranger.poll()] == [None, None]


def test_whoever_has_overwritten_what_he_was_told_is_known_by_his_session(tmp_path: Path) -> None:
    nested = f"env -i sleep 300 & echo $!; SUPERVISOR_SERVER_URL=unix://{tmp_path}/supervisor.sock exec sleep 300"
    command = ["/bin/sh", "-c", nested]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as leader:
        assert leader.stdout
        titled = int(leader.stdout.readline())
        while leader.pid not in {process.pid for process in leftover.found(tmp_path)}:
            assert leader.poll() is None
        assert titled not in {process.pid for process in leftover.found(tmp_path)}
        (tmp_path / "supervisor.pid").write_text(f"{leader.pid}\n")
        assert {process.pid for process in leftover.found(tmp_path)} == {leader.pid, titled}
        assert leftover.end(tmp_path)
        assert leftover.look(Path(f"/proc/{titled}"), tmp_path) is None


def test_what_it_was_told_holds_until_it_is_told_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(**said: str) -> dict[str, str]:
        for name in (*KEPT, "ARTEL_DEV_LOGIN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in said.items():
            monkeypatch.setenv(f"ARTEL_{name}", value)
        keep(tmp_path)
        return {name: os.environ[name] for name in KEPT if name in os.environ}

    assert tell() == {}
    (tmp_path / "env").write_text(
        "export ARTEL_PUBLIC_URL=http://127.0.0.1:8080\nexport ARTEL_NOTIFY_URL='console://'\n"
    )
    host = {"ARTEL_HOST": "192.0.2.7"}
    assert tell(HOST="192.0.2.7", ADMINS="7,8", DEV_LOGIN="1") == {**host, "ARTEL_ADMINS": "7,8"}
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600
    assert tell() == {**host, "ARTEL_ADMINS": "7,8"}
    assert tell(ADMINS="9") == {**host, "ARTEL_ADMINS": "9"}
    assert tell(ADMINS="", PUBLIC_URL="http://127.0.0.1:8080", NOTIFY_URL="console://") == host  # a shell that knows it
    assert tell(PUBLIC_URL="https://artel.example") == {**host, "ARTEL_PUBLIC_URL": "https://artel.example"}
    assert tell(HOST="", PUBLIC_URL="") == {}


@pytest.mark.parametrize(("has_token", "kept"), [(True, {"ARTEL_NOTIFY_URL": "console://"}), (False, {})])
def test_a_stack_of_the_release_before_is_told_by_its_own_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_token: bool, kept: dict[str, str]
) -> None:
    if has_token:
        (tmp_path / "telegram.secret").touch()
    url, notify = "https://artel.example", "console://"
    (tmp_path / "env").write_text(f"export ARTEL_PUBLIC_URL={url}\nexport ARTEL_NOTIFY_URL={notify}\n")
    for name in KEPT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARTEL_PUBLIC_URL", url)
    monkeypatch.setenv("ARTEL_NOTIFY_URL", notify)
    for _ in range(2):
        keep(tmp_path)
        assert {name: os.environ[name] for name in KEPT if name in os.environ} == {"ARTEL_PUBLIC_URL": url, **kept}

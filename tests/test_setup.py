"""`scripts/venv` on machines that have less than this one: it finds the Python that fits, or says what helps."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("rm", "dirname", "chmod")  # all that a POSIX shell has not built in
OLD = "import sys; sys.version_info = (3, 9, 2, 'final', 0); "
WITHOUT_VENV = "import sys; sys.modules['ensurepip'] = None; "


@dataclass
class Machine:
    """A clone at `clone`; what would be in /usr/bin is in `system`, and the rest of PATH is `path`."""

    clone: Path
    system: Path
    path: Path

    def has(self, program: str, at: Path, lacking: str = "", *, pip: bool = False) -> None:
        """A Python of which `lacking` is true. Its venv is quick: what fills it is not what is tested."""
        (at / program).write_text(
            f"""#!/bin/sh
            case "$1 $2" in
            "-m venv") exec "{sys.executable}" -m venv --without-pip .venv ;;
            "-m pip") {'echo "$@"' if pip else "exit 1"} ;;
            *) exec "{sys.executable}" -c "{lacking}$2" ;;
            esac
            """
        )
        (at / program).chmod(0o755)

    def debian(self, knows: str = "", user: int = 0) -> None:
        for name, script in {"apt-get": "", "apt-cache": f'[ "$2" = "{knows}" ]', "id": f"echo {user}"}.items():
            (self.system / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.system / name).chmod(0o755)

    def makes_venv(self) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(map(str, (self.clone / ".venv" / "bin", self.path, self.system)))
        return subprocess.run(
            ["/bin/sh", self.clone / "scripts" / "venv"],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": path},
        )

    def says(self) -> str:
        run = self.makes_venv()
        assert (run.returncode, run.stdout) == (1, "")
        assert not (self.clone / ".venv").exists()
        (line,) = run.stderr.splitlines()
        return line


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "a clone", tmp_path / "system", tmp_path / "path")
    for folder in (machine.clone / "scripts", machine.system, machine.path):
        folder.mkdir(parents=True)
    for tool in TOOLS:
        (machine.system / tool).symlink_to(shutil.which(tool) or tool)
    script = (ROOT / "scripts" / "venv").read_text(encoding="utf-8")
    (machine.clone / "scripts" / "venv").write_text(script.replace("/usr/bin", str(machine.system)))
    return machine


def test_the_systems_own_python_goes_first(machine: Machine) -> None:
    machine.has("python3", machine.system)
    machine.has("python3", machine.path, lacking=OLD)
    run = machine.makes_venv()
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"Python    {sys.version.split()[0]} of ")
    assert (machine.clone / ".venv" / ".made").read_text() == f"{machine.clone}\n"


@pytest.mark.parametrize("lacking", [OLD, WITHOUT_VENV], ids=["old", "without venv"])
def test_where_it_does_not_fit_another_on_path_does(machine: Machine, lacking: str) -> None:
    machine.debian()
    machine.has("python3", machine.system, lacking=lacking)
    machine.has("python3.12", machine.path)
    assert machine.makes_venv().returncode == 0


def test_what_was_in_venv_is_not_asked_for_help(machine: Machine) -> None:
    """Make puts .venv/bin first on PATH, and a .venv that is made anew was moved or has lost its Python."""
    moved = machine.clone / ".venv" / "bin"
    moved.mkdir(parents=True)
    machine.has("python3", moved)
    assert (
        machine.says()
        == "Artel needs Python 3.11 or newer, and there is none here. Have one with venv and pip on PATH."
    )


def test_debian_without_venv(machine: Machine) -> None:
    machine.debian()
    machine.has("python3", machine.system, lacking=WITHOUT_VENV)
    version = ".".join(map(str, sys.version_info[:3]))
    assert machine.says() == (
        f"Python {version} is here, but without venv. Install it:  apt-get install -y python3-venv"
    )


def test_debian_without_python_and_somebody_who_is_not_root(machine: Machine) -> None:
    machine.debian(user=1000)
    assert machine.says() == (
        "Artel needs Python 3.11 or newer, and there is none here. Install it:  sudo apt-get install -y python3-venv"
    )


@pytest.mark.parametrize(
    ("knows", "helps"),
    [
        ("python3.12-venv", "Install it:  apt-get install -y python3.12-venv"),
        ("nothing", "Have a newer one with venv and pip on PATH."),
    ],
)
def test_an_old_debian(machine: Machine, knows: str, helps: str) -> None:
    machine.debian(knows)
    machine.has("python3", machine.system, lacking=OLD)
    assert machine.says() == f"Artel needs Python 3.11 or newer, and python3 here is 3.9.2. {helps}"


def test_an_old_python_elsewhere(machine: Machine) -> None:
    machine.has("python3", machine.path, lacking=OLD)
    assert machine.says() == (
        "Artel needs Python 3.11 or newer, and python3 here is 3.9.2. Have one with venv and pip on PATH."
    )


def test_a_pip_from_outside_serves_where_ensurepip_is_missing(machine: Machine) -> None:
    machine.has("python3", machine.path, lacking=WITHOUT_VENV, pip=True)
    run = machine.makes_venv()
    assert (run.returncode, run.stderr) == (0, "")
    bin_ = machine.clone / ".venv" / "bin"
    # .venv's own python3, which has no pip, is before all others by now.
    path = os.pathsep.join(map(str, (bin_, machine.path)))
    pip = subprocess.run([bin_ / "pip", "list"], check=True, capture_output=True, text=True, env={"PATH": path})
    assert pip.stdout == f"-m pip --python {bin_}/python list\n"

"""What `make` says when the system lacks something, and what it keeps to itself."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "hub-config" / "setup" / "check-system.sh"
QUIETLY = ROOT / "hub-config" / "setup" / "quietly.sh"
GOOD_PYTHON = "#!/bin/sh\nexit 0\n"
NO_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n'


def program(folder, name, text):
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def check(folder, **programs):
    """Run the check on a machine that has nothing but what the script itself uses, and the given programs."""
    for tool in ("id", "tr"):
        (folder / tool).symlink_to(f"/usr/bin/{tool}")
    for name, text in programs.items():
        program(folder, name, text)
    return subprocess.run(["/bin/sh", str(CHECK), "python3"], env={"PATH": str(folder)}, capture_output=True, text=True)


def says(text):
    return f"#!/bin/sh\necho {text}\n"


def test_everything_that_is_missing_is_named_with_one_line_that_mends_it(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert "Python 3.11 or newer (python3), node 18 or newer, npm, bubblewrap" in first
    assert second.strip().removeprefix("sudo ") == "apt-get install python3 python3-venv nodejs npm bubblewrap"


def test_a_python_without_venv_is_named(tmp_path):
    done = check(tmp_path, python3=NO_VENV, node=says("v20.1.0"), npm=says("9"), bwrap=says("0.8"))
    assert done.returncode == 1
    assert "Python's venv module" in done.stderr
    assert done.stderr.rstrip().endswith("apt-get install python3-venv")


def test_a_node_that_is_too_old_is_named_with_its_version(tmp_path):
    done = check(tmp_path, python3=GOOD_PYTHON, node=says("v16.20.2"), npm=says("9"), bwrap=says("0.8"))
    assert done.returncode == 1
    assert "node 18 or newer (it is v16.20.2)" in done.stderr


def test_missing_walls_are_a_loud_notice_but_no_error(tmp_path):
    done = check(tmp_path, python3=GOOD_PYTHON, node=says("v18.20.4"), npm=says("9"))
    assert done.returncode == 0
    assert "NOT kept apart" in done.stderr
    assert "apt-get install bubblewrap" in done.stderr


def test_a_machine_that_has_everything_hears_nothing(tmp_path):
    done = check(tmp_path, python3=GOOD_PYTHON, node=says("v18.20.4"), npm=says("9"), bwrap=says("0.8"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_failing_installation_fails_and_shows_no_address(tmp_path):
    program(tmp_path, "pip", "#!/bin/sh\necho Looking in https://user:secret@packages.example/index/\nexit 3\n")
    command = [str(QUIETLY), str(tmp_path / "logs" / "pip.log"), str(tmp_path / "pip"), "install"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3
    assert "Looking in (address)" in done.stderr
    assert "packages.example" not in done.stdout + done.stderr


def test_an_installation_that_works_says_nothing(tmp_path):
    done = subprocess.run([str(QUIETLY), str(tmp_path / "log"), "echo", "a lot"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "log").read_text() == "a lot\n"


def test_the_makefile_names_no_package_index():
    text = (ROOT / "Makefile").read_text() + (ROOT / "package.json").read_text()
    assert "://" not in text
    assert "/simple" not in text
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()

"""What a night leaves in the folder for temporary files: nothing, whatever happens."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from nightsieve.nights.exit_codes import TASK_FAILED
from tests.support.commands import fork, run
from tests.support.nights import Night, retrain, sample

# Runs a command with a folder that has room for one page, then lists the folder.
SMALL_DISK = """
mount -t tmpfs -o size=4k none "$1" || exit 99
shift
"$@"
code=$?
ls -A "$TMPDIR" | sed 's/^/left: /' >&2
exit $code
"""
UNSHARED = ["unshare", "--mount"]
if os.geteuid() != 0:
    UNSHARED.append("--map-root-user")


def may_mount(folder: Path) -> bool:
    """Return whether this user can mount a disk of their own here."""
    if shutil.which(UNSHARED[0]) is None:
        return False
    mount = ["mount", "-t", "tmpfs", "none", str(folder)]
    tried = subprocess.run([*UNSHARED, *mount], capture_output=True, check=False)
    return tried.returncode == 0


def test_a_full_disk_is_one_line_and_leaves_nothing(night_environment, tmp_path):
    if not may_mount(tmp_path):
        pytest.skip("this user may not mount a disk")
    sample(night_environment)
    environment = {**night_environment, "TMPDIR": str(tmp_path)}
    command = [*UNSHARED, "sh", "-c", SMALL_DISK, "sh", str(tmp_path), *retrain()]
    full = run(*command, environment=environment)
    assert full.returncode == TASK_FAILED, full.stderr
    line = (
        f"TMPDIR {tmp_path}: has no space left for temporary files; "
        "free some, or set TMPDIR to another folder"
    )
    assert line in full.stderr.splitlines()
    assert "Traceback" not in full.stderr
    assert "left: " not in full.stderr


def test_the_next_night_removes_what_a_killed_ingest_left(night_environment, tmp_path):
    environment = {**night_environment, "TMPDIR": str(tmp_path)}
    sample(night_environment)
    killed = Night(retrain(), environment)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("nightsieve-*/*.parquet")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    # The task's process first: it would remove its files when its worker is gone.
    (left,) = tmp_path.glob("nightsieve-*")
    os.kill(int(left.name.split("-")[1]), signal.SIGKILL)
    killed.fork.kill()
    killed.stderr.close()
    assert list(left.iterdir())
    assert left.stat().st_mode & 0o777 == 0o700
    again = fork(*retrain(), environment=environment)
    assert again.returncode == 0, again.stderr
    assert not list(tmp_path.glob("*nightsieve-*"))

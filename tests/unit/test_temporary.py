"""What a killed process leaves among the temporary files, and who removes it."""

import contextlib
import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.temporary import private_folder, sweep

# Holds a folder with a message until its standard input ends.
HOLDER = """if True:
    import sys
    from pipeline.temporary import private_folder

    with private_folder() as folder:
        (folder / "0.parquet").write_text("a message")
        print(folder, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextlib.contextmanager
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Yield a process that holds a folder, and the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def test_a_folder_is_private_and_removed_at_the_end(temporary):
    with private_folder() as folder:
        assert folder.parent == temporary
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert str(os.getpid()) in folder.name
        (folder / "part").write_text("a message")
    assert not list(temporary.iterdir())


def test_the_next_folder_removes_what_a_killed_process_left_and_no_live_one():
    with holder() as (dead, left), holder() as (live, held):
        assert (left / "0.parquet").exists()
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        with private_folder():
            assert not left.exists()
            assert (held / "0.parquet").exists()
        live.communicate()
        assert live.returncode == 0
        assert not held.exists()


def test_a_sweep_leaves_what_is_not_ours(temporary):
    others = temporary / "others"
    (others / "kept").mkdir(parents=True)
    name = f"nightsieve-1-{'0' * 16}"
    (temporary / "nightsieve-backup").mkdir()
    (temporary / name).symlink_to(others)
    (temporary / name.replace("1", "2")).write_text("a file")
    new = temporary / f".{name}"  # its process has not locked it yet
    new.mkdir()
    before = sorted(temporary.iterdir())
    sweep()
    assert sorted(temporary.iterdir()) == before
    assert (others / "kept").exists()
    os.utime(new, (time.time() - 3600,) * 2)
    sweep()
    assert not new.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_sweep_leaves_the_folders_of_another_user(temporary):
    folder = temporary / f"nightsieve-1-{'0' * 16}"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    sweep()
    assert folder.exists()


def test_a_full_disk_is_named_with_its_variable(temporary):
    def fill() -> None:
        with private_folder() as folder:
            (folder / "part").write_text("a message")
            raise OSError(errno.ENOSPC, "hush")

    with pytest.raises(DataError) as full:
        fill()
    assert str(full.value) == (
        f"TMPDIR {temporary}: has no space left for temporary files; "
        "free some, or set TMPDIR to another folder"
    )
    assert not list(temporary.iterdir())


def test_a_folder_that_is_not_there_is_named(temporary):
    shutil.rmtree(temporary)
    with pytest.raises(DataError) as absent, private_folder():
        pass
    assert str(absent.value) == (
        f"TMPDIR {temporary}: No such file or directory; "
        "set TMPDIR to a folder that can be written to"
    )


def test_other_errors_stay_what_they_are():
    with pytest.raises(FileNotFoundError), private_folder() as folder:
        (folder / "nothing").read_text()

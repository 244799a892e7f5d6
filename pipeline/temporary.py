"""Temporary folders that a killed process does not leave for long.

They hold messages in clear while a task is at work. A folder is locked for as long as
its process lives, so that the next process knows what is left behind. A process id
would not do: it is given out again, and means nothing in another container that shares
the folder. It is in the name for people alone.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import DataError

_OURS = re.compile(r"(?P<hidden>\.?)nightsieve-\d+-[0-9a-f]{16}")
# The variables that name the folder for temporary files, in the order of Python.
_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_FULL = (errno.ENOSPC, errno.EDQUOT)
# No process takes longer between making a folder and locking it.
_UNLOCKED_FOR = 60.0  # seconds


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a new folder that this user alone can read; remove it at the end.

    What dead processes have left is removed first.

    Raises
    ------
    DataError
        The disk is full, or the folder for temporary files cannot be used.
    """
    sweep()
    with _named_problems(), contextlib.ExitStack() as stack:
        folder = _parent() / f"nightsieve-{os.getpid()}-{secrets.token_hex(8)}"
        hidden = folder.with_name(f".{folder.name}")
        hidden.mkdir(mode=0o700)
        stack.callback(shutil.rmtree, hidden, ignore_errors=True)
        descriptor = os.open(hidden, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, descriptor)
        # A file system without locks: then nobody else gets the lock either.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(folder)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def sweep() -> None:
    """Remove the folders that dead processes of this user have left."""
    with contextlib.suppress(OSError), os.scandir(_parent()) as entries:
        for entry in entries:
            name = _OURS.fullmatch(entry.name)
            if name is None or not entry.is_dir(follow_symlinks=False):
                continue
            with contextlib.suppress(OSError):
                _remove_if_left(Path(entry), is_hidden=bool(name["hidden"]))


def _remove_if_left(folder: Path, is_hidden: bool) -> None:
    """Remove a folder of this user if no process holds its lock.

    A hidden one may be new, and not locked yet.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        state = os.fstat(descriptor)
        is_new = is_hidden and time.time() - state.st_mtime < _UNLOCKED_FOR
        if state.st_uid == os.geteuid() and not is_new:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _variable() -> str | None:
    """Return the variable that names the folder; None if no one does."""
    return next((name for name in _VARIABLES if os.environ.get(name)), None)


def _parent() -> Path:
    """Return the folder for temporary files.

    Python's own choice would be another folder if this one is full. Messages belong
    where the operator has put them.
    """
    variable = _variable()
    return Path(tempfile.gettempdir() if variable is None else os.environ[variable])


@contextlib.contextmanager
def _named_problems() -> Iterator[None]:
    """Say which folder is full or cannot be used, and which variable names it."""
    variable = _variable()
    parent = _parent()
    name = f"{parent}" if variable is None else f"{variable} {parent}"
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DataError(
                f"{name}: has no space left for temporary files; "
                "free some, or set TMPDIR to another folder"
            ) from error
        if error.filename is not None and _is_in(parent, Path(error.filename)):
            raise DataError(
                f"{name}: {os.strerror(error.errno or 0)}; "
                "set TMPDIR to a folder that can be written to"
            ) from error
        raise


def _is_in(parent: Path, path: Path) -> bool:
    """Return whether a path is one of our folders, which its process makes itself."""
    return path.parent == parent and _OURS.fullmatch(path.name) is not None

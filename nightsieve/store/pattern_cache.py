"""Compiled patterns: from an object that may be trusted, else from this machine.

A pattern database is native data for a C library, which checks little of it. So an
object's database is loaded only if its receipt was signed with the key of this
environment, and if the engine of this machine compiled it. All others are compiled
here, once for all processes, and kept in a folder that only this user can write to.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import logging
import os
import stat
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nightsieve.store.receipts import signing_key
from pipeline import patterns
from pipeline.errors import ConfigError

logger = logging.getLogger(__name__)

#: The environment variable with the folder of all caches of a user.
VARIABLE = "XDG_CACHE_HOME"
#: Entries that were last used longer ago are removed, and the oldest above the size.
MAX_SECONDS = 30 * 24 * 3600
MAX_BYTES = 512 << 20
#: Seconds to wait for another process that compiles the same patterns.
LOCK_TIMEOUT = 900

_FOLDER = "nightsieve"
_ENTRY = "patterns-"
_UNFINISHED = "unfinished-"
_LOCKS = 16
_POLL_SECONDS = 0.1
_DIGEST_BYTES = hashlib.sha256().digest_size


# In quotes: `patterns` imports its modules, and numpy, when a name of it is used.
def trusted_patterns(
    read: Callable[[], bytes],
    pattern_list: "Sequence[patterns.Pattern]",
    compile_timeout: float,
) -> "patterns.PatternDatabase":
    """Return an object's database if it may be loaded here, else this machine's own.

    Parameters
    ----------
    read
        Returns the content of the object, held against its receipt. It is called only
        if there is a key, with which receipts are signed.
    pattern_list
        What the object was compiled from.
    compile_timeout
        See `pipeline.patterns.compile_patterns`.

    Examples
    --------
    >>> pattern_list = [patterns.Pattern("prize", "body", "prize")]
    >>> compiled = compiled_patterns(pattern_list, compile_timeout=10)
    >>> os.environ["NIGHTSIEVE_RECEIPT_KEY"] = "0f" * 16
    >>> trusted_patterns(compiled.to_bytes, pattern_list, 10).strategies[0].id
    'prize'
    """
    if signing_key() is not None:
        database = patterns.PatternDatabase.from_bytes(read())
        if database.engine == patterns.engine():
            return database
    return compiled_patterns(pattern_list, compile_timeout)


def compiled_patterns(
    pattern_list: "Sequence[patterns.Pattern]", compile_timeout: float
) -> "patterns.PatternDatabase":
    """Return the database of patterns from this machine's cache.

    Patterns that are not in it are compiled, by one process for all others. If the
    folder cannot be written, they are compiled without it.

    Raises
    ------
    ConfigError
        Others can read or write the folder.

    Examples
    --------
    >>> pattern_list = [patterns.Pattern("prize", "body", "prize")]
    >>> compiled_patterns(pattern_list, compile_timeout=10).fallbacks()
    []
    """
    try:
        folder = _private_folder()
    except (OSError, RuntimeError) as error:
        logger.warning(
            "the cache of compiled patterns cannot be used (%s); set %s to a folder "
            "that this user can write to",
            error,
            VARIABLE,
        )
        return patterns.compile_patterns(pattern_list, compile_timeout)
    name = _name(pattern_list, compile_timeout)
    entry = folder / f"{_ENTRY}{name}"
    database = _read(entry)
    if database is not None:
        return database
    with _locked(folder, name):
        # Perhaps another process has compiled it in the meantime.
        database = _read(entry)
        if database is None:
            database = patterns.compile_patterns(pattern_list, compile_timeout)
            _write(entry, database)
    return database


def _private_folder() -> Path:
    """Return the folder of the cache, which is made if it is missing.

    Raises
    ------
    ConfigError
        Others can read or write it.
    """
    base = os.environ.get(VARIABLE, "")
    # By the XDG specification, a relative path is ignored.
    caches = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    folder = caches / _FOLDER
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    status = folder.lstat()
    is_folder = stat.S_ISDIR(status.st_mode)
    is_private = not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if not is_folder or status.st_uid != os.geteuid() or not is_private:
        raise ConfigError(
            f"{folder}: not a folder of this user alone; "
            f"give it this owner and mode 700, or set {VARIABLE}"
        )
    return folder


def _name(pattern_list: "Sequence[patterns.Pattern]", compile_timeout: float) -> str:
    """Return a digest of all that decides what the patterns compile to."""
    identity = {
        "code": _code(),
        "engine": patterns.engine(),
        "patterns": [
            (pattern.id, pattern.field, pattern.expression) for pattern in pattern_list
        ],
        "timeout": compile_timeout,
    }
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


@functools.cache
def _code() -> str:
    """Return a digest of the code that translates patterns, and of what it rests on."""
    digest = hashlib.sha256(f"{sys.version} {unicodedata.unidata_version}".encode())
    for file in sorted(Path(*patterns.__path__).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(entry: Path) -> "patterns.PatternDatabase | None":
    """Return the database of an entry; None if it is missing or damaged."""
    try:
        stored = entry.read_bytes()
        os.utime(entry)  # the entries that were not used for longest are removed
    except OSError:
        return None
    digest = stored[:_DIGEST_BYTES]
    content = stored[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    return patterns.PatternDatabase.from_bytes(content)


def _write(entry: Path, database: "patterns.PatternDatabase") -> None:
    """Write the whole entry or none, then remove old ones."""
    content = database.to_bytes()
    try:
        descriptor, unfinished = tempfile.mkstemp(dir=entry.parent, prefix=_UNFINISHED)
        try:
            with open(descriptor, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            Path(unfinished).replace(entry)
        finally:
            Path(unfinished).unlink(missing_ok=True)
        _remove_old(entry.parent)
    except OSError as error:
        logger.warning("%s: cannot be written (%s); make room there", entry, error)


def _remove_old(folder: Path) -> None:
    """Keep the entries that were used last, up to `MAX_BYTES` and `MAX_SECONDS`."""
    files = [*folder.glob(f"{_ENTRY}*"), *folder.glob(f"{_UNFINISHED}*")]
    by_use = []
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            status = file.stat()
            by_use.append((status.st_mtime, status.st_size, file))
    total = 0
    for used, size, file in sorted(by_use, reverse=True):
        total += size
        if total > MAX_BYTES or time.time() - used > MAX_SECONDS:
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of these patterns; a process that dies gives it back.

    After `LOCK_TIMEOUT` the caller goes on without it: nothing but time is lost.
    """
    # A fixed number of files, since one that others wait for must not be removed.
    path = folder / f"lock-{int(name, 16) % _LOCKS:x}"
    with path.open("wb") as file:
        end = time.monotonic() + LOCK_TIMEOUT
        while time.monotonic() < end:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_POLL_SECONDS)
        yield

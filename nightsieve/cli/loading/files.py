"""Open a file to load as a stream of bytes, compressed or not."""

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DataError

GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Source:
    """A file that is open for reading.

    Attributes
    ----------
    position
        Returns the number of bytes of the file on disk that have been read.
    size
        Bytes of the file on disk; None for a pipe.
    """

    stream: io.BufferedIOBase
    position: Callable[[], int]
    size: int | None


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Yield the file, decompressed if its content is gzip.

    Raises
    ------
    DataError
        The file is missing, unreadable, a directory, empty, UTF-16, or damaged gzip.
    """
    try:
        with path.open("rb") as raw:
            position, size = _measure(raw)
            yield Source(_decompressed(path, raw), position, size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip data is damaged or ends early, so nothing was loaded; "
            "copy the file again"
        ) from error
    except OSError as error:
        # An error of another file is not about the file to load.
        if error.filename not in (None, str(path)):
            raise
        raise DataError(
            f"{path}: cannot be read: {error.strerror or error}; check its name and "
            "permissions"
        ) from error


def _decompressed(path: Path, raw: io.BufferedReader) -> io.BufferedIOBase:
    start = raw.peek(2)[:2]
    stream = raw
    if start == GZIP:
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 18)
    start = stream.peek(2)[:2]
    if not start:
        raise DataError(
            f"{path}: the file is empty; use a CSV or TSV file with messages"
        )
    if start in UTF16:
        raise DataError(
            f"{path}: the file is UTF-16, not UTF-8; convert it with "
            "iconv -f UTF-16 -t UTF-8"
        )
    return stream


def _measure(raw: io.BufferedReader) -> tuple[Callable[[], int], int | None]:
    if not raw.seekable():
        return _unknown_position, None
    return raw.tell, os.fstat(raw.fileno()).st_size


def _unknown_position() -> int:
    return 0

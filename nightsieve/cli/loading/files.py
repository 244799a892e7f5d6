"""The file to load as a stream of bytes, compressed or not."""

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
    """A file opened for reading.

    Attributes
    ----------
    position
        Returns how many bytes of the file on disk have been read.
    size
        Of the file on disk; None for a pipe.
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
            yield Source(_unwrapped(path, raw), *_measure(raw))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip data is damaged or ends early; nothing was loaded"
        ) from error
    except OSError as error:
        if error.filename != str(path) and error.filename is not None:
            raise
        raise DataError(f"{path}: {error.strerror or error}") from error


def _unwrapped(path: Path, raw: io.BufferedReader) -> io.BufferedIOBase:
    start = raw.peek(2)[:2]
    stream = raw
    if start == GZIP:
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 18)
    start = stream.peek(2)[:2]
    if not start:
        raise DataError(
            f"{path}: the file is empty; a CSV or TSV file of messages is expected"
        )
    if start in UTF16:
        raise DataError(
            f"{path}: the file is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8"
        )
    return stream


def _measure(raw: io.BufferedReader) -> tuple[Callable[[], int], int | None]:
    if not raw.seekable():
        return _unknown_position, None
    return raw.tell, os.fstat(raw.fileno()).st_size


def _unknown_position() -> int:
    return 0

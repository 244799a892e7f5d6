"""The file of tokens, read again when it changes."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nightsieve.access.tokens import AccessToken, read_tokens
from pipeline.errors import NightsieveError

#: Seconds between two looks at the file; a revoked token is accepted that long.
LOOK_SECONDS = 1.0
logger = logging.getLogger(__name__)


class _Stamp(NamedTuple):
    """What differs between two contents of the file; None for what is not there."""

    inode: int | None = None
    mtime_ns: int | None = None
    size: int | None = None


class WatchedTokens:
    """The tokens of a file.

    A file that cannot be read, is damaged or is gone leaves the tokens of before in
    place: a mistake of an operator neither locks clients out nor lets strangers in.

    Parameters
    ----------
    clock
        Seconds that only grow.

    Raises
    ------
    NightsieveError
        The file cannot be read or is damaged at the first time.

    Examples
    --------
    >>> tokens = WatchedTokens(Path("missing.json"))
    >>> tokens.current(), tokens.is_guarded
    ((), False)
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._next_look = clock() + LOOK_SECONDS
        self._stamp = _stamp(path)
        self._tokens = read_tokens(path).tokens
        self._is_guarded = self._stamp != _Stamp()

    @property
    def is_guarded(self) -> bool:
        """Whether the file was ever there, if only with no token in it.

        Who made tokens and revoked the last one does not want to let everybody in.
        """
        return self._is_guarded

    def current(self) -> tuple[AccessToken, ...]:
        """Return the tokens, as they were at most a second ago."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
        return self._tokens

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        # Before the file is read: a change during the reading is seen next time.
        self._stamp = stamp
        self._is_guarded = True
        try:
            tokens = read_tokens(self._path).tokens
        except NightsieveError as error:
            logger.error("%s; until then the tokens of before are accepted", error)
            return
        if self._tokens and stamp == _Stamp():
            logger.error(
                "%s: the file of tokens is gone; the tokens of before are accepted "
                "until the service ends",
                self._path,
            )
            return
        self._tokens = tokens
        logger.info(
            "%s: read again; the number of tokens is %d", self._path, len(tokens)
        )


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return _Stamp()
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)

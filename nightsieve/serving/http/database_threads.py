"""The database, as a service uses it: in threads, and bounded in every way."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from nightsieve.serving.contract.problems import Problem
from pipeline.errors import SourceError

if TYPE_CHECKING:
    from nightsieve.database.pool import ConnectionPool

Result = TypeVar("Result")

_RETRY_SECONDS = "5"
_SEND_AGAIN = "send the same request again later; nothing is stored twice"
logger = logging.getLogger(__name__)


class DatabaseThreads:
    """Runs transactions in a few threads, so that other requests do not wait.

    Nothing is connected or imported before the first transaction: most services never
    need the database.

    Parameters
    ----------
    connections
        The number of threads, so of connections.
    max_waiting
        Requests that may wait for a thread; more are refused.
    seconds
        How long a request may take, the wait included.
    """

    def __init__(
        self, connections: int = 4, max_waiting: int = 64, seconds: float = 8.0
    ) -> None:
        self._seconds = seconds
        self._max_requests = connections + max_waiting
        self._requests = 0
        self._threads = ThreadPoolExecutor(connections, "database")
        self._pool: ConnectionPool | None = None
        self._pool_lock = threading.Lock()
        # The last failure, until a transaction succeeds.
        self._failure = ""

    async def run(self, work: Callable[["ConnectionPool"], Result]) -> Result:
        """Return what a function returns that is called in a thread.

        Raises
        ------
        Problem
            503: there is no database, it is away, or it takes too long.
        """
        if self._requests >= self._max_requests:
            raise _unavailable(
                "database-busy",
                f"too many requests wait for the database; {_SEND_AGAIN}",
            )
        self._requests += 1
        try:
            future = asyncio.get_running_loop().run_in_executor(
                self._threads, self._call, work
            )
            result = await asyncio.wait_for(future, self._seconds)
        except TimeoutError:
            if self._pool is not None:
                self._pool.hang_up(self._seconds)
            self._log(f"the database did not answer in {self._seconds:g} s")
            raise _away() from None
        except SourceError as error:
            self._log(str(error))
            raise _away() from None
        finally:
            self._requests -= 1
        if self._failure:
            self._failure = ""
            logger.info("the database answers again")
        return result

    def close(self) -> None:
        """Close the connections; what has not begun is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._pool_lock:
            if self._pool is not None:
                self._pool.close()

    def _call(self, work: Callable[["ConnectionPool"], Result]) -> Result:
        # Takes half a second, for SQLAlchemy.
        from nightsieve.database.connection import (  # noqa: PLC0415
            WRITER_URL,
            writer_variable,
        )

        if not os.environ.get(writer_variable()):
            raise _unavailable(
                "no-database",
                f"the service has no database; its operator sets {WRITER_URL} where "
                "the service is started",
            )
        return work(self._open_pool())

    def _open_pool(self) -> "ConnectionPool":
        """Return the pool that all threads share; `close` and `run` know it."""
        with self._pool_lock:
            if self._pool is None:
                from nightsieve.database.pool import ConnectionPool  # noqa: PLC0415

                self._pool = ConnectionPool()
            return self._pool

    def _log(self, failure: str) -> None:
        """Log a failure, but not for each request that meets it."""
        if failure != self._failure:
            self._failure = failure
            logger.error("%s", failure.replace("\n", " "))


def _away() -> Problem:
    detail = f"the database does not answer or refuses; {_SEND_AGAIN}"
    return _unavailable("database-away", detail)


def _unavailable(name: str, detail: str) -> Problem:
    return Problem(503, name, detail, headers={"Retry-After": _RETRY_SECONDS})

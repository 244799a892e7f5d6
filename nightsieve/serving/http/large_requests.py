"""Requests with long bodies, which are answered one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from nightsieve.serving.contract.problems import Problem

#: What waits beyond these is refused, so that neither memory nor time is unbounded.
MAX_WAITING = 16
MAX_WAITING_BYTES = 64 << 20
_RETRY_SECONDS = 5

_Result = TypeVar("_Result")


class LargeRequests:
    """A line of requests; a thread answers the first, so that short ones go on.

    It belongs to one event loop.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._thread = anyio.CapacityLimiter(1)
        self._waiting = 0
        self._waiting_bytes = 0

    async def answer(
        self,
        n_bytes: int,
        is_gone: Callable[[], Awaitable[bool]],
        respond: Callable[[], _Result],
    ) -> _Result:
        """Return what a request is answered, when it is its turn.

        Parameters
        ----------
        n_bytes
            The length of the body.
        is_gone
            Whether the client has closed its connection. It is asked when the turn of
            the request comes: nobody reads an answer that is computed after that.

        Raises
        ------
        Problem
            503: too many requests wait. 400: the client is gone.
        """
        await self._wait(n_bytes)
        try:
            if await is_gone():
                raise Problem(400, "incomplete", "the connection ended while it waited")
            return await anyio.to_thread.run_sync(respond, limiter=self._thread)
        finally:
            self._turn.release()

    async def _wait(self, n_bytes: int) -> None:
        """Take the turn; the caller releases it."""
        total_bytes = self._waiting_bytes + n_bytes
        is_full = self._waiting >= MAX_WAITING or total_bytes > MAX_WAITING_BYTES
        # A body that is longer than the bound may wait alone.
        if self._waiting and is_full:
            raise _busy()
        self._waiting += 1
        self._waiting_bytes += n_bytes
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
            self._waiting_bytes -= n_bytes


def _busy() -> Problem:
    detail = "too many large requests wait; try again later, or send fewer messages"
    headers = {"Retry-After": str(_RETRY_SECONDS)}
    return Problem(503, "busy", detail, headers=headers)

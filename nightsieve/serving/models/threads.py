"""Work that must not hold the event loop, nor the end of the process."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_thread(call: Callable[[], _Result]) -> _Result:
    """Return what a call returns, in a daemon thread of its own.

    The threads of `asyncio.to_thread` are waited for when the process ends, and a store
    that is away may hold one for a long time.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def settle(set_outcome: Callable[[], None]) -> None:
        if not future.done():
            set_outcome()

    def run() -> None:
        try:
            set_outcome = functools.partial(future.set_result, call())
        except Exception as error:
            set_outcome = functools.partial(future.set_exception, error)
        # The loop is closed if the service has ended meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, set_outcome)

    threading.Thread(target=run, daemon=True).start()
    return await future

"""What was read from the store and does not change: kept, and read once at a time."""

import asyncio
import functools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class BoundedCache(Generic[_Value]):
    """Values up to a number of bytes; the one that was not used longest goes first.

    Examples
    --------
    >>> cache = BoundedCache[bytes](max_bytes=5, size_of=len)
    >>> cache.put("a", b"123")
    >>> cache.put("b", b"45")
    >>> cache.get("a")
    b'123'
    >>> cache.put("c", b"6")
    >>> cache.get("b") is None
    True
    """

    def __init__(self, max_bytes: int, size_of: Callable[[_Value], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._values: OrderedDict[Hashable, _Value] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> _Value | None:
        """Return a value; None if it is not kept."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: _Value) -> None:
        """Keep a value; one that alone is too large is not kept."""
        self.remove(key)
        self._values[key] = value
        self._bytes += self._size_of(value)
        while self._bytes > self._max_bytes:
            _, dropped = self._values.popitem(last=False)
            self._bytes -= self._size_of(dropped)

    def remove(self, key: Hashable) -> None:
        """Drop a value if it is kept."""
        value = self._values.pop(key, None)
        if value is not None:
            self._bytes -= self._size_of(value)


class SingleFlight:
    """Lets requests that ask for the same thing at the same time wait for one reading.

    It belongs to one event loop.

    Examples
    --------
    >>> async def read() -> bytes:
    ...     return b"content"
    >>> asyncio.run(SingleFlight().do("key", read))
    b'content'
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    async def do(self, key: Hashable, read: Callable[[], Awaitable[_Value]]) -> _Value:
        """Return what reading gives; the reading that runs already, if one does."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(_call(read))
            self._flights[key] = flight
            flight.add_done_callback(functools.partial(self._end, key))
        # A client that goes away must not end the reading of the others.
        value: _Value = await asyncio.shield(flight)
        return value

    def _end(self, key: Hashable, flight: asyncio.Task[Any]) -> None:
        del self._flights[key]
        # Perhaps no client waits any more; asyncio would log an error that nobody sees.
        if not flight.cancelled():
            flight.exception()


async def _call(read: Callable[[], Awaitable[_Value]]) -> _Value:
    return await read()

"""A store in memory."""

import datetime
import hashlib
from collections.abc import Callable
from typing import IO

from nightsieve.store.objects import ObjectMissing, Reading, Store


class MemoryStore(Store):
    """A store that calls ``before`` ahead of every request.

    Attributes
    ----------
    conditions
        Whether the store honours conditions; some S3 servers do not.
    old
        Keys of objects that were written more than a day ago.
    """

    def __init__(self, conditions: bool = True):
        super().__init__("s3://memory")
        self.objects: dict[str, bytes] = {}
        self.old: set[str] = set()
        self.conditions = conditions
        self.before: Callable[[], None] = do_nothing

    def exists(self, key: str) -> bool:
        self.before()
        return key in self.objects

    def read(self, key: str) -> bytes:
        answer = self.read_with_etag(key)
        if answer is None:
            raise ObjectMissing(f"{self.address(key)}: there is no such object")
        return answer[0]

    def read_with_etag(self, key: str) -> tuple[bytes, str] | None:
        self.before()
        content = self.objects.get(key)
        return None if content is None else (content, _etag(content))

    def read_if_changed(self, key: str, etag: str | None) -> Reading:
        answer = self.read_with_etag(key)
        content, stored_etag = answer or (None, None)
        if stored_etag == etag:
            return Reading(False, None, etag)
        return Reading(True, content, stored_etag)

    def write(self, key: str, content: bytes) -> None:
        self.before()
        self.objects[key] = content

    def upload(self, key: str, file: IO[bytes]) -> None:
        self.write(key, file.read())

    def put_if_match(self, key: str, content: bytes, etag: str | None) -> None:
        self.before()
        stored = self.objects.get(key)
        stored_etag = None if stored is None else _etag(stored)
        if self.conditions and stored_etag != etag:
            raise self.conflict(key)
        self.objects[key] = content

    def delete(self, key: str) -> None:
        self.before()
        self.objects.pop(key, None)

    def has_any(self, prefix: str) -> bool:
        return bool(self.last_modified(prefix))

    def last_modified(self, prefix: str) -> dict[str, datetime.datetime]:
        self.before()
        now = datetime.datetime.now(datetime.UTC)
        modified = {}
        for key in self.objects:
            if key.startswith(prefix):
                hours = 25 if key in self.old else 23
                modified[key] = now - datetime.timedelta(hours=hours)
        return modified


def do_nothing() -> None:
    """Let a request pass."""


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""A body that clients may keep: plain and compressed, each with a strong ETag."""

import gzip
import hashlib
from dataclasses import dataclass
from typing import Self

from nightsieve.serving.contract.messages import JSON_TYPE

# Below this, the headers are most of an answer.
_MIN_COMPRESSED_BYTES = 1024
_LEVEL = 9


@dataclass(frozen=True)
class Body:
    """The bytes of one form, and its strong ETag: the sha256 of these bytes."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Return the body of some bytes.

        Examples
        --------
        >>> Body.of(b"{}").etag[:9]
        '"44136fa3'
        """
        return cls(content, f'"{hashlib.sha256(content).hexdigest()}"')


@dataclass(frozen=True)
class Representation:
    """What a resource is represented by.

    Attributes
    ----------
    compressed
        The gzip form; None where it would not be shorter.
    """

    media_type: str
    plain: Body
    compressed: Body | None

    @classmethod
    def of(cls, content: bytes, media_type: str = JSON_TYPE) -> Self:
        """Return the representation by some bytes; this compresses them.

        Examples
        --------
        >>> Representation.of(b"{}").compressed is None
        True
        >>> representation = Representation.of(b"{}" + b" " * 10_000)
        >>> representation.size < 10_200
        True
        """
        compressed = None
        if len(content) >= _MIN_COMPRESSED_BYTES:
            # Without the time, so that all processes make the same bytes.
            compressed_content = gzip.compress(content, _LEVEL, mtime=0)
            if len(compressed_content) < len(content):
                compressed = Body.of(compressed_content)
        return cls(media_type, Body.of(content), compressed)

    @property
    def size(self) -> int:
        """The bytes of both forms."""
        compressed = 0 if self.compressed is None else len(self.compressed.content)
        return len(self.plain.content) + compressed

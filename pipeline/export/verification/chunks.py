"""The distinct texts of a night, in chunks of which few are in memory at once."""

import hashlib
from collections.abc import Iterable, Iterator

MAX_TEXTS = 20_000  # of a chunk
MAX_CHARACTERS = 5_000_000  # of a chunk, about
DIGEST_BYTES = 16

Message = tuple[str, str]  # a text and its cleaned text


def chunks(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Yield the messages in lists that are small enough for a few to fit in memory."""
    chunk: list[Message] = []
    characters = 0
    for message in messages:
        chunk.append(message)
        characters += len(message[0])
        if len(chunk) == MAX_TEXTS or characters >= MAX_CHARACTERS:
            yield chunk
            chunk = []
            characters = 0
    if chunk:
        yield chunk


class SeenTexts:
    """The texts seen so far, by a digest, some 80 bytes each."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def add(self, messages: list[Message]) -> dict[str, str]:
        """Return the texts not seen before, and their cleaned texts."""
        digests = {text: _digest(text) for text, _ in messages}
        new = {
            text: cleaned
            for text, cleaned in messages
            if digests[text] not in self._digests
        }
        self._digests.update(digests.values())
        return new


def sha256(text: str) -> str:
    """Return the sha256 of a text, which may hold lone surrogates, in hexadecimal."""
    return hashlib.sha256(_utf8(text)).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(_utf8(text), digest_size=DIGEST_BYTES).digest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

"""The file of conformance vectors that travels beside a model, as docs/format.md says."""

import hashlib
import json
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ArtefactError
from pipeline.records.export import Vector
from pipeline.records.record import Record

FORMAT = "nightsieve-vectors"
VERSION = "1.1"


class _VectorsFile(Record):
    format: str
    version: str
    model: str
    vectors: tuple[Vector, ...]


def encode_vectors(vectors: Iterable[Vector], model_bytes: bytes) -> bytes:
    """Return the file of a model's vectors: ASCII, a line for each vector."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "model": hashlib.sha256(model_bytes).hexdigest(),
    }
    lines = [f'"{name}": {json.dumps(value)},' for name, value in head.items()]
    rows = ",\n".join(map(_row, vectors))
    return "\n".join(["{", *lines, '"vectors": [', rows, "]", "}", ""]).encode("ascii")


def decode_vectors(content: bytes, model_bytes: bytes) -> tuple[Vector, ...]:
    """Return the vectors in a file that was made for this model file.

    Raises
    ------
    ArtefactError
        It has another format or version, it was made for another model, or a vector
        has other entries than it should.
    """
    _check_format(content)
    try:
        file = _VectorsFile.model_validate_json(content)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        entry = ".".join(map(str, first["loc"]))
        raise ArtefactError(f"Vectors: {entry}: {first['msg']}") from None
    if file.model != hashlib.sha256(model_bytes).hexdigest():
        raise ArtefactError("Vectors: made for another model")
    return file.vectors


def _check_format(content: bytes) -> None:
    """Refuse another format or version as such: its entries may be others."""
    try:
        file = TypeAdapter(dict).validate_json(content)
    except ValidationError:
        raise ArtefactError(
            "Vectors: not a JSON object; fetch the file again"
        ) from None
    file_format = file.get("format")
    version = file.get("version")
    if (file_format, version) != (FORMAT, VERSION):
        raise ArtefactError(
            f"Vectors: {file_format!r:.40} {version!r:.40} is not {FORMAT} {VERSION}"
        )


def _row(vector: Vector) -> str:
    return json.dumps(vector.model_dump(mode="json"), separators=(",", ":"))

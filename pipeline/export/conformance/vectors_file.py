"""The file of conformance vectors that accompanies a model; see docs/format.md."""

import hashlib
import json
from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ArtefactError
from pipeline.records.export import VECTORS_FILE, Vector
from pipeline.records.record import Record

FORMAT = "nightsieve-vectors"
VERSION = "1.1"


class _VectorsFile(Record):
    format: str
    version: str
    model: str
    vectors: tuple[Vector, ...]


def encode_vectors(vectors: Iterable[Vector], model_bytes: bytes) -> bytes:
    """Return the file of a model's vectors: ASCII, with one line per vector."""
    digest = hashlib.sha256(model_bytes).hexdigest()
    rows = ",\n".join(map(_row, vectors))
    lines = [
        "{",
        f'"format": "{FORMAT}",',
        f'"version": "{VERSION}",',
        f'"model": "{digest}",',
        '"vectors": [',
        rows,
        "]",
        "}",
        "",
    ]
    return "\n".join(lines).encode("ascii")


def decode_vectors(content: bytes, model_bytes: bytes) -> tuple[Vector, ...]:
    """Return the vectors in a file that was made for this model file.

    Raises
    ------
    ArtefactError
        The file has another format or version, it was made for another model, or a
        vector does not have the right entries.
    """
    _check_format(content)
    try:
        file = _VectorsFile.model_validate_json(content)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        entry = ".".join(map(str, first["loc"]))
        message = f"{VECTORS_FILE}, {entry}: {first['msg']}; fetch the file again"
        raise ArtefactError(message) from None
    if file.model != hashlib.sha256(model_bytes).hexdigest():
        raise ArtefactError(
            f"{VECTORS_FILE}: made for another model; fetch it with its model"
        )
    return file.vectors


def _check_format(content: bytes) -> None:
    """Refuse another format or version first, because its entries may differ too."""
    try:
        file = TypeAdapter(dict).validate_json(content)
    except ValidationError:
        raise ArtefactError(
            f"{VECTORS_FILE}: not a JSON object; fetch the file again"
        ) from None
    file_format = file.get("format")
    version = file.get("version")
    if (file_format, version) != (FORMAT, VERSION):
        raise ArtefactError(
            f"{VECTORS_FILE}: {file_format!r:.40} {version!r:.40} is not {FORMAT} "
            f"{VERSION}; fetch the file again"
        )


def _row(vector: Vector) -> str:
    return json.dumps(vector.model_dump(mode="json"), separators=(",", ":"))

"""A published model as clients see it: what is known of it, and its files."""

import datetime
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

from nightsieve.serving.contract.messages import JSON_TYPE, Json, encode
from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from nightsieve.serving.models.representation import Representation
from nightsieve.store.models import Registry
from pipeline.errors import ArtefactError
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE, REFERENCE_FILE
from pipeline.records.models import ModelEntry
from pipeline.records.reference import Reference

logger = logging.getLogger(__name__)

# What is offered to clients. A pickle is not: to load one runs what it holds, and no
# client needs it.
_MEDIA_TYPES = {"json": JSON_TYPE}


@dataclass(frozen=True)
class Description:
    """What clients receive about a model.

    Attributes
    ----------
    files
        The names of the files that are offered.
    document
        The JSON object.
    """

    serial: int | None
    files: frozenset[str]
    document: Representation


@dataclass(frozen=True)
class PublishedModel:
    """A model that was read in full and is whole.

    Attributes
    ----------
    digests
        The sha256 of each file by its name, as the pointer has them.
    files
        The files that are offered, by name.
    reference
        What live traffic is compared with; None if the night has not measured it, or
        in a form that this version cannot read.
    """

    serial: int
    model: ServedModel
    digests: dict[str, str]
    description: Description
    files: dict[str, Representation]
    night: datetime.date
    reference: Reference | None

    @classmethod
    def read(cls, registry: Registry, entry: ModelEntry) -> Self:
        """Read a model; each file must be what was published.

        Raises
        ------
        ArtefactError
            A file is damaged.
        ValueError
            The scorer does not understand the model.
        """
        contents = {name: registry.file(entry, name) for name in offered_files(entry)}
        model = prepare_model(contents[MODEL_FILE], entry.serial)
        files = {name: represent_file(name, contents[name]) for name in contents}
        description = describe(entry, contents.__getitem__)
        return cls(
            serial=entry.serial,
            model=model,
            digests=entry.files,
            description=description,
            files=files,
            night=entry.date,
            reference=_reference(entry, contents.get(REFERENCE_FILE)),
        )


def _reference(entry: ModelEntry, content: bytes | None) -> Reference | None:
    if content is None:
        return None
    try:
        return Reference.from_json(content)
    except ArtefactError as error:
        logger.warning(
            "model %d: %s: %s; live traffic is not compared with the night",
            entry.serial,
            REFERENCE_FILE,
            error,
        )
        return None


def offered_files(entry: ModelEntry) -> list[str]:
    """Return the names of the files that clients may fetch."""
    return [name for name in entry.files if media_type_of(name) is not None]


def media_type_of(name: str) -> str | None:
    """Return the media type of a file; None if it is not offered.

    Examples
    --------
    >>> media_type_of("model.json"), media_type_of("pipeline.joblib")
    ('application/json', None)
    """
    return _MEDIA_TYPES.get(name.rpartition(".")[2])


def represent_file(name: str, content: bytes) -> Representation:
    """Return a file as it is sent; this compresses it."""
    media_type = media_type_of(name)
    assert media_type is not None
    return Representation.of(content, media_type)


def describe(entry: ModelEntry, read_file: Callable[[str], bytes]) -> Description:
    """Return what clients receive about a published model.

    It never changes, so whether the model is current is not part of it.

    Parameters
    ----------
    read_file
        Returns the content of a file of the model by its name.

    Raises
    ------
    ArtefactError
        The manifest cannot be read.
    """
    manifest = _Manifest.of(entry, read_file(MANIFEST_FILE))
    files = {}
    for name in offered_files(entry):
        size = manifest.sizes.get(name)
        files[name] = {
            "media_type": media_type_of(name),
            "bytes": len(read_file(name)) if size is None else size,
            "sha256": entry.files[name],
        }
    document = {
        "serial": entry.serial,
        "date": entry.date.isoformat(),
        "sha256": entry.files[MODEL_FILE],
        "labels": manifest.labels,
        "restores": entry.restores,
        "reason": entry.reason,
        "files": files,
    }
    return _description(entry.serial, document)


class _Manifest(NamedTuple):
    """What is read of a manifest. A later version may add to the rest."""

    labels: list[str]
    sizes: dict[str, int]

    @classmethod
    def of(cls, entry: ModelEntry, content: bytes) -> Self:
        try:
            manifest = json.loads(content)
            files = manifest["files"]
            sizes = {name: int(files[name]["bytes"]) for name in files}
            return cls(list(map(str, manifest["labels"])), sizes)
        except (ValueError, KeyError, TypeError):
            raise ArtefactError(
                f"model {entry.serial}: its {MANIFEST_FILE} cannot be read; use "
                "another model: nightsieve models rollback"
            ) from None


def describe_file(model: ServedModel, size: int) -> Description:
    """Return what clients receive about a model that was not published."""
    file = {"media_type": JSON_TYPE, "bytes": size, "sha256": model.sha256}
    document = {
        "serial": None,
        "date": None,
        "sha256": model.sha256,
        "labels": list(model.scorer.labels),
        "restores": None,
        "reason": None,
        "files": {MODEL_FILE: file},
    }
    return _description(None, document)


def _description(serial: int | None, document: dict[str, Json]) -> Description:
    return Description(
        serial=serial,
        files=frozenset(document["files"]),
        document=Representation.of(encode(document)),
    )

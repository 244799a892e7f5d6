"""Frozen configurations, each under the digest of its content."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from nightsieve.store import layout
from nightsieve.store.objects import DamagedObject, Store, split_address
from pipeline import config, ingest
from pipeline.config import Layer, Settings
from pipeline.errors import ConfigError, StorageError
from pipeline.rules.files import read_rules

_DIGEST = re.compile(r"[0-9a-f]{16}")
_RUN_FROM_FILES = "run the night from its YAML files"
_REMEDY = f"{_RUN_FROM_FILES}; for a finished night: nightsieve runs repair DATE"

# What this process froze or read, by store and digest, which name one content for ever.
_settings: dict[tuple[Store, str], Settings] = {}


def freeze(store: Store, overlays: tuple[str, ...], patches: tuple[str, ...]) -> str:
    """Return the digest of the configuration that the layers resolve to.

    Nothing is written: see `store_settings`.

    Parameters
    ----------
    overlays
        YAML files or ``s3://`` addresses; or the digest of a frozen configuration.
    patches
        Single keys, ``a.b=value``.

    Raises
    ------
    ConfigError
        A layer is wrong, or patches a frozen configuration.
    StorageError
        There is no frozen configuration of this digest.
    """
    digest = named_digest(overlays)
    if digest is not None:
        if patches:
            raise ConfigError(
                f"--patch: {digest} is a frozen configuration; patch the files that "
                "it came from"
            )
        load_settings(store, digest)
        return digest
    settings = identify(resolve(overlays, patches))
    digest = settings_digest(settings)
    _settings[store, digest] = settings
    return digest


def named_digest(overlays: tuple[str, ...]) -> str | None:
    """Return the digest, if it stands in place of the layers."""
    is_digest = len(overlays) == 1 and _DIGEST.fullmatch(overlays[0])
    return overlays[0] if is_digest else None


def resolve(overlays: tuple[str, ...], patches: tuple[str, ...]) -> config.Resolved:
    """Return what the layers amount to, as their files are now.

    No database needs to be named for that: see `identify`.

    Raises
    ------
    ConfigError
        A layer is wrong.
    """
    return config.resolve(layers(overlays, patches), read_rules)


def identify(resolved: config.Resolved) -> Settings:
    """Return the settings with the database that ``source.url`` means.

    Raises
    ------
    UnsetVariableError
        The variable with the URL is not set.
    """
    source = resolved.settings.source
    url = ingest.database_url(source, origin=resolved.origin("source.url"))
    return config.with_identity(resolved.settings, ingest.database_identity(url))


def settings_digest(settings: Settings) -> str:
    """Return the digest that names the settings once they are frozen."""
    return config.digest(config.canonical(settings))


def layers(overlays: Iterable[str], patches: Iterable[str]) -> list[Layer]:
    """Return the project's defaults, then the overlays, then the patches."""
    return [
        config.file_layer(config.DEFAULTS),
        *map(_overlay, overlays),
        *map(config.patch_layer, patches),
    ]


def load_settings(store: Store, digest: str) -> Settings:
    """Return a frozen configuration; a process reads it once.

    It is all that a worker needs to rebuild a task.

    Raises
    ------
    ConfigError
        Another version of this project wrote it, with other keys.
    ArtefactError
        It is damaged.
    StorageError
        There is none of this digest.
    """
    name = (store, digest)
    if name not in _settings:
        _settings[name] = _read_settings(store, digest)
    return _settings[name]


def store_settings(store: Store, digest: str) -> None:
    """Write a configuration that `freeze` made of layers into the store."""
    content = config.canonical(_settings[store, digest])
    store.write(layout.configuration(digest), content)


def read_verified(store: Store, digest: str) -> bytes:
    """Return the content of a frozen configuration.

    Raises
    ------
    ArtefactError
        It is damaged.
    StorageError
        There is none of this digest.
    """
    key = layout.configuration(digest)
    answer = store.read_with_etag(key)
    if answer is None:
        raise StorageError(f"{store.address(key)}: there is no such object; {_REMEDY}")
    if config.digest(answer[0]) != digest:
        raise _damaged(store, key)
    return answer[0]


def find_damage(store: Store, digest: str) -> DamagedObject | None:
    """Return what is wrong with a frozen configuration; None if it is whole."""
    try:
        read_verified(store, digest)
    except DamagedObject as damage:
        return damage
    except StorageError:
        key = layout.configuration(digest)
        if store.exists(key):
            raise
        return store.missing(key, _REMEDY)
    return None


def restore_settings(
    store: Store, digest: str, settings: Mapping[str, JsonValue]
) -> bool:
    """Write a frozen configuration again, from settings that were kept elsewhere.

    Returns
    -------
    bool
        Whether they are those that the digest names; else nothing was written.
    """
    content = config.canonical_json(settings)
    if config.digest(content) != digest:
        return False
    store.write(layout.configuration(digest), content)
    return True


def _read_settings(store: Store, digest: str) -> Settings:
    key = layout.configuration(digest)
    content = read_verified(store, digest)
    try:
        return Settings.model_validate_json(content)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise ConfigError(
            f"{store.address(key)}: another version of this project wrote it ({field} "
            f"is not what it is here); {_RUN_FROM_FILES}"
        ) from None


def _damaged(store: Store, key: str) -> DamagedObject:
    problem = "is not the object that was written"
    return DamagedObject(store.address(key), problem, _REMEDY)


def _overlay(address: str) -> Layer:
    if not address.startswith("s3://"):
        return config.file_layer(Path(address))
    bucket, key = split_address(address)
    content = Store(f"s3://{bucket}").read(key)
    return config.text_layer(address, content, Path.cwd())

"""Frozen configurations, each under the digest of its content."""

import os
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

# What this process froze or read. A store and a digest name one content for ever.
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

    Examples
    --------
    >>> digest = freeze(store, (), ("text.min_token=2",))
    >>> len(digest)
    16
    >>> load_settings(store, digest).text.min_token
    2
    """
    digest = named_digest(overlays)
    if digest is not None:
        if patches:
            raise ConfigError(
                f"--patch: {digest} is a frozen configuration; patch the files that it "
                "was made from"
            )
        load_settings(store, digest)
        return digest
    settings = identify(resolve(overlays, patches))
    digest = settings_digest(settings)
    _settings[store, digest] = settings
    return digest


def named_digest(overlays: tuple[str, ...]) -> str | None:
    """Return the digest that is given in place of layers; None for layers.

    Examples
    --------
    >>> named_digest(("0123456789abcdef",))
    '0123456789abcdef'
    >>> named_digest(("config/large.yaml",)) is None
    True
    """
    if len(overlays) == 1 and _DIGEST.fullmatch(overlays[0]):
        return overlays[0]
    return None


def resolve(overlays: tuple[str, ...], patches: tuple[str, ...]) -> config.Resolved:
    """Return the settings that the layers result in, as their files are now.

    The settings do not say which database they mean: see `identify`.

    Raises
    ------
    ConfigError
        A layer is wrong.

    Examples
    --------
    >>> resolve((), ("text.min_token=2",)).settings.text.min_token
    2
    """
    return config.resolve(layers(overlays, patches), read_rules)


def identify(resolved: config.Resolved) -> Settings:
    """Return the settings with the identity of the database that ``source.url`` names.

    Raises
    ------
    UnsetVariableError
        The variable with the URL is not set.

    Examples
    --------
    >>> import os
    >>> os.environ["NIGHTSIEVE_DATABASE_URL"] = "postgresql://127.0.0.1/messages"
    >>> len(identify(resolve((), ())).source.identity)
    16
    """
    source = resolved.settings.source
    url = ingest.database_url(source, origin=resolved.origin("source.url"))
    return config.with_identity(resolved.settings, ingest.database_identity(url))


def settings_digest(settings: Settings) -> str:
    """Return the digest that names the settings once they are frozen.

    Examples
    --------
    >>> settings = identify(resolve((), ()))
    >>> settings_digest(settings) == freeze(store, (), ())
    True
    """
    return config.digest(config.canonical(settings))


def layers(overlays: Iterable[str], patches: Iterable[str]) -> list[Layer]:
    """Return the project's defaults, then the overlays, then the patches.

    Examples
    --------
    >>> [layer.values for layer in layers((), ("text.min_token=2",))][1:]
    [{'text': {'min_token': 2}}]
    """
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
        Another version of Nightsieve wrote it, with other keys; or its ``source.url``
        names a variable that is not one of a database.
    ArtefactError
        It is damaged.
    StorageError
        There is no frozen configuration of this digest.

    Examples
    --------
    >>> digest = freeze(store, (), ("training.seed=7",))
    >>> load_settings(store, digest).training.seed
    7
    """
    if (store, digest) not in _settings:
        _settings[store, digest] = _read_settings(store, digest)
    return _settings[store, digest]


def store_settings(store: Store, digest: str) -> None:
    """Write a configuration that `freeze` made of layers into the store.

    Examples
    --------
    >>> digest = freeze(store, (), ())
    >>> store_settings(store, digest)
    >>> store.list_by_time("configs/") == [f"configs/{digest}.json"]
    True
    """
    content = config.canonical(_settings[store, digest])
    store.write(layout.configuration(digest), content)


def read_verified(store: Store, digest: str) -> bytes:
    """Return the content of a frozen configuration.

    Raises
    ------
    ArtefactError
        It is damaged.
    StorageError
        There is no frozen configuration of this digest.

    Examples
    --------
    >>> digest = freeze(store, (), ())
    >>> store_settings(store, digest)
    >>> config.digest(read_verified(store, digest)) == digest
    True
    """
    key = layout.configuration(digest)
    answer = store.read_with_etag(key)
    if answer is None:
        raise StorageError(f"{store.address(key)}: there is no such object; {_REMEDY}")
    if config.digest(answer[0]) != digest:
        raise _damaged(store, key)
    return answer[0]


def find_damage(store: Store, digest: str) -> DamagedObject | None:
    """Return what is wrong with a frozen configuration; None if it is whole.

    Examples
    --------
    >>> find_damage(store, "0123456789abcdef").problem
    'there is no such object'
    """
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
        Whether the digest names these settings; otherwise nothing was written.

    Examples
    --------
    >>> restore_settings(store, "0123456789abcdef", {"text": {"min_token": 2}})
    False
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
        settings = Settings.model_validate_json(content)
    except ValidationError as error:
        field = ".".join(map(config.quotable, error.errors()[0]["loc"]))
        raise ConfigError(
            f"{store.address(key)}: another version of Nightsieve wrote it ({field} "
            f"differs); {_RUN_FROM_FILES}"
        ) from None
    # A writer to the store can also write a configuration with its digest.
    config.url_variable(settings.source.url, store.address(key), os.environ)
    return settings


def _damaged(store: Store, key: str) -> DamagedObject:
    problem = "is not the object that was written"
    return DamagedObject(store.address(key), problem, _REMEDY)


def _overlay(address: str) -> Layer:
    if not address.startswith("s3://"):
        return config.file_layer(Path(address))
    bucket, key = split_address(address)
    store = Store(f"s3://{bucket}")
    config.check_size(store.size(key), address)
    content = store.read(key)
    return config.text_layer(address, content, Path.cwd())

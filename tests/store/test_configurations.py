"""Frozen configurations: named by their content, written by nights alone."""

import json
from collections.abc import Mapping

import pytest

from nightsieve.store import layout
from nightsieve.store.configurations import (
    freeze,
    load_settings,
    read_verified,
    resolve,
    store_settings,
)
from pipeline import config
from pipeline.errors import ArtefactError, ConfigError, StorageError
from tests.support.memory_store import MemoryStore

PATCHES = ("text.min_token=2",)


@pytest.fixture
def store(monkeypatch) -> MemoryStore:
    monkeypatch.setenv("NIGHTSIEVE_DATABASE_URL", "postgresql://127.0.0.1/nowhere")
    store = MemoryStore()
    # Stores are values, and a process reads a configuration of one only once.
    object.__setattr__(store, "prefix", f"at-{id(store)}")
    return store


def put(store: MemoryStore, settings: Mapping[str, object]) -> str:
    """Write a configuration as a night does; return its digest."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    content = text.encode()
    digest = config.digest(content)
    store.objects[layout.configuration(digest)] = content
    return digest


def freeze_elsewhere(store: MemoryStore) -> dict[str, dict[str, object]]:
    """Return the settings of a configuration that was frozen for another store."""
    digest = freeze(store, (), PATCHES)
    return load_settings(store, digest).model_dump(mode="json")


def test_freezing_writes_nothing_and_storing_writes(store):
    digest = freeze(store, (), PATCHES)
    assert store.objects == {}
    assert digest != freeze(store, (), ())
    assert load_settings(store, digest).text.min_token == 2
    store_settings(store, digest)
    written = dict(store.objects)
    assert config.digest(written[layout.configuration(digest)]) == digest
    store_settings(store, digest)
    assert store.objects == written


def test_an_edited_layer_is_seen_by_a_process_that_has_read_it_before(store, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    for min_token in (2, 3):
        overlay.write_text(f"text: {{min_token: {min_token}}}")
        assert resolve((str(overlay),), ()).settings.text.min_token == min_token
        digest = freeze(store, (str(overlay),), ())
        assert load_settings(store, digest).text.min_token == min_token


def test_a_frozen_configuration_is_read_from_its_store_alone(store):
    elsewhere = MemoryStore()
    digest = put(elsewhere, freeze_elsewhere(elsewhere))
    with pytest.raises(StorageError, match=f"{digest}.json: there is no such object"):
        freeze(store, (digest,), ())
    store.objects = dict(elsewhere.objects)
    assert freeze(store, (digest,), ()) == digest


def test_a_frozen_configuration_takes_no_patch(store):
    with pytest.raises(ConfigError, match="is a frozen configuration; patch the files"):
        freeze(store, ("0123456789abcdef",), PATCHES)


def test_a_configuration_that_another_version_froze_is_refused_in_a_line(store):
    settings = freeze_elsewhere(store)
    settings["notify"]["channel"] = "#nights"
    digest = put(store, settings)
    with pytest.raises(
        ConfigError,
        match=r"^s3://\S+: another version .* \(notify.channel differs\); .* files$",
    ):
        load_settings(store, digest)


@pytest.mark.parametrize("damage", [b"", b"{"])
def test_a_damaged_configuration_is_named(store, damage):
    digest = put(store, freeze_elsewhere(MemoryStore()))
    store.objects[layout.configuration(digest)] = damage
    with pytest.raises(
        ArtefactError,
        match=r"^s3://\S+: is not the object that .* its YAML files; for a finished",
    ):
        load_settings(store, digest)
    with pytest.raises(ArtefactError, match=r"^s3://\S+: is not the object that "):
        read_verified(store, digest)

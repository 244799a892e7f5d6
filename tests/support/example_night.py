"""A small whole night that nobody ran: its objects are as a real night has them."""

import functools
import gzip
import hashlib

import pandas as pd
from sklearn.linear_model import LogisticRegression

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.configurations import resolve
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.reports import index_of
from nightsieve.store.runs import manifest_of
from pipeline import config, report
from pipeline.config.settings import Rule, Settings
from pipeline.data.codecs import Raw, Table
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    PIPELINE_FILE,
    FileDescription,
)
from pipeline.records.receipt import Receipt
from pipeline.records.run import ReportIndex, RunManifest
from pipeline.records.sample import Part, SampleCounts, ShardManifest
from tests.support.exported_models import exported, fixed
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import (
    ACCOUNT,
    DESCRIPTION,
    NIGHT,
    facts,
    manifest,
)

FINGERPRINT = "9f3a"
PAGE = b"<html/>"
PIPELINE = b"a fitted pipeline"
RULES = (
    Rule(id="win", label="spam", pattern=r"\bwin\b", why="a lottery"),
    Rule(id="code", label="bank", pattern=r"\bcode \d", why="a one-time code"),
)
#: Bodies and matching rules of the messages of each shard, by key.
SHARDS: tuple[dict[str, tuple[str, list[str]]], ...] = (
    {
        "1": ("Win a prize", ["win"]),
        "2": ("Code 123456", ["code"]),
        "3": ("Win 5 prizes", ["win"]),
    },
    {"4": ("See you at 9", [])},
)


def _key(stage: str, name: str, suffix: str = "json") -> str:
    return layout.artefact(stage, name, FINGERPRINT, suffix)


MESSAGES_KEY = _key("ingest", "messages")


def store_with_night() -> MemoryStore:
    """Return a store that holds one night, which published model 1."""
    store = MemoryStore()
    store.objects = dict(_objects())
    return store


@functools.cache
def _objects() -> dict[str, bytes]:
    store = MemoryStore()
    settings = _settings()
    content = config.canonical(settings)
    run = Run(NIGHT, config.digest(content))
    store.write(layout.configuration(run.config), content)
    night = _write_tasks(store, run, settings)
    manifest_of(store, run).dump(night, ACCOUNT)
    _write_report(store, run, night)
    return store.objects


def _settings() -> Settings:
    """Return the project's settings with two rules, and a database of a name."""
    settings = config.with_identity(resolve((), ()).settings, "0123456789abcdef")
    labelling = settings.labelling.model_copy(update={"rules": RULES})
    return settings.model_copy(update={"labelling": labelling})


def _write_tasks(store: MemoryStore, run: Run, settings: Settings) -> RunManifest:
    """Write what the tasks hand over, and the model; return the manifest."""
    shards = range(len(SHARDS))
    messages = ShardManifest(
        parts=tuple(_write_part(store, shard) for shard in shards),
        counts=SampleCounts(sampled=4, null_bodies=0, oversized_bodies=0, kept=4),
    )
    model = exported(fixed(LogisticRegression(C=5)))
    receipts = [
        _write(store, "IngestMessages", MESSAGES_KEY, messages.to_json()),
        *[_write_votes(store, shard) for shard in shards],
        _write(store, "ExportPipeline", _key("export", "pipeline", "joblib"), PIPELINE),
        _write(store, "ExportCoefficients", _key("export", "model"), model),
    ]
    files = {MODEL_FILE: model, PIPELINE_FILE: PIPELINE}
    described = {name: _describe(content) for name, content in files.items()}
    description = DESCRIPTION.model_copy(update={"files": described})
    Registry(store).publish(
        FINGERPRINT,
        {**files, MANIFEST_FILE: description.to_json()},
        facts().model_copy(update={"config": run.config}),
    )
    night = manifest(NIGHT, serial=1)
    changes = {"messages": messages, "description": description}
    return night.model_copy(
        update={
            "config": run.config,
            "results": night.results.model_copy(update=changes),
            "tasks": tuple(receipts),
            "settings": settings.model_dump(mode="json"),
        }
    )


def _write_part(store: MemoryStore, shard: int) -> Part:
    """Write the messages of a shard."""
    messages = SHARDS[shard]
    bodies = [body for body, _ in messages.values()]
    undated = [pd.NaT] * len(messages)
    table = pd.DataFrame(
        {
            "key": pd.Series(list(messages), dtype="str"),
            "body": pd.Series(bodies, dtype="str"),
            "sender": pd.Series([None] * len(messages), dtype="str"),
            "received_at": pd.Series(undated, dtype="datetime64[us, UTC]"),
        }
    )
    content = Table("messages").encode(table)
    sha256 = hashlib.sha256(content).hexdigest()
    key = layout.part(MESSAGES_KEY, shard, len(SHARDS), sha256, "parquet")
    store.write(key, content)
    return Part(key=key, rows=len(messages), bytes=len(content), sha256=sha256)


def _write_votes(store: MemoryStore, shard: int) -> Receipt:
    """Write the rules that match the messages of a shard."""
    messages = SHARDS[shard]
    rules = [matching for _, matching in messages.values()]
    votes = pd.DataFrame({"key": list(messages), "rules": rules}).astype({"key": "str"})
    content = Table("votes").encode(votes)
    key = _key("labelling", f"votes-{shard}", "parquet")
    return _write(store, "ApplyRules", key, content, shard=str(shard))


def _write(
    store: MemoryStore, task: str, key: str, content: bytes, **parameters: str
) -> Receipt:
    """Write the object of a task."""
    account = ACCOUNT.model_copy(update={"task": task, "parameters": parameters})
    return Artefact(store, key, Raw("")).write(content, None, account)


def _write_report(store: MemoryStore, run: Run, night: RunManifest) -> None:
    store.write(layout.report_file(*run, layout.PAGE), PAGE)
    index = ReportIndex(
        fingerprint=FINGERPRINT,
        figures=report.key_figures(night),
        files={layout.PAGE: hashlib.sha256(PAGE).hexdigest()},
    )
    index_of(store, run).dump(index, ACCOUNT)


def _describe(content: bytes) -> FileDescription:
    sha256 = hashlib.sha256(content).hexdigest()
    return FileDescription(
        sha256=sha256, bytes=len(content), gzipped_bytes=len(gzip.compress(content))
    )

"""A night in memory that holds messages in every kind of object that can hold them."""

import hashlib

import numpy as np
import pandas as pd

from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.layout import Run
from nightsieve.store.reports import index_of
from nightsieve.store.runs import manifest_of
from pipeline import config, report
from pipeline.config.settings import Text
from pipeline.data.codecs import Codec, Npz, RecordJson, Table
from pipeline.data.schemas import TIMESTAMP
from pipeline.preprocessing.clean import clean
from pipeline.preprocessing.evaluation_set import EvaluationSetStage
from pipeline.preprocessing.training_set import TrainingSetStage
from pipeline.records.receipt import Receipt
from pipeline.records.run import ChurnedText, ModelDifference, ReportIndex
from pipeline.records.sample import Part, SampleCounts, ShardManifest
from pipeline.text.masking import mask
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, NIGHT, manifest

TEXT = Text(preset="casefold", digits="shape", min_token=1, stop_words=())
#: The key of the message that tests erase; the key itself is personal.
KEY = "+43660901234"
#: The same text as another message, which stays.
COMMON_KEY = "+43660905678"
#: Words of the message and of its sender that nothing else has.
WORDS = ("zqbcanary", "zqscanary")
MASKED = mask("zqbcanary win a prize", {"prize": 1.0}, max_visible=0.5)
PAGE = f"<header>\n</header>\n<th>{MASKED}</th><th>████ other</th>".encode()
#: Key, body, sender and matching rules of the messages of each shard.
SHARDS: tuple[list[tuple[str, str, str | None, list[str]]], ...] = (
    [
        ("1", "Win a prize", None, ["win"]),
        (KEY, "Zqbcanary, win a prize!", "Zqscanary", ["win"]),
        ("3", "See you", None, ["hello"]),
    ],
    [
        ("4", "See you at nine", "Ann", ["hello"]),
        (COMMON_KEY, "See you", "Zqscanary", ["hello"]),
    ],
)


def write_night(store: MemoryStore) -> Run:
    """Write the objects of a finished night."""
    settings = config.canonical_json(manifest().settings)
    run = Run(NIGHT, config.digest(settings))
    store.write(layout.configuration(run.config), settings)
    messages = [_messages(rows) for rows in SHARDS]
    votes = [_votes(rows) for rows in SHARDS]
    cleaned = [clean(table, TEXT) for table in messages]
    resolved = pd.DataFrame(
        {
            "rules": [["win"], ["hello"]],
            "messages": [2, 3],
            "label": ["spam", "ham"],
            "confidence": [1.0, 1.0],
        }
    ).astype({"label": "str"})
    training = TrainingSetStage(resolved_labels=resolved, folds=1)
    built = training.run(zip(votes, cleaned, strict=True)).training_set
    evaluation = EvaluationSetStage(resolved_labels=resolved, holdout_fraction=0.9999)
    evaluation_set = evaluation.run(zip(messages, cleaned, votes, strict=True))
    assert set(evaluation_set["text"]) > {"zqbcanary win a prize"}
    reviews = _reviews()
    reviewed = _reviewed(reviews)
    receipts = [_write_messages(store, messages)]
    receipts.append(
        _write(store, layout.REVIEWS, "IngestReviews", reviews, Table("reviews"))
    )
    for shard, (shard_votes, shard_cleaned) in enumerate(
        zip(votes, cleaned, strict=True)
    ):
        receipts += [
            _write(
                store,
                layout.VOTES,
                "ApplyRules",
                shard_votes,
                Table("votes"),
                shard=shard,
            ),
            _write(
                store,
                layout.CLEANED,
                "CleanMessages",
                shard_cleaned,
                Table("cleaned"),
                shard=shard,
            ),
        ]
    human = pd.DataFrame({"key": [KEY], "label": ["spam"]}).astype("str")
    receipts += [
        _write(store, layout.TRAINING_SETS, "BuildTrainingSet", built, Npz()),
        _write(
            store,
            layout.EVALUATION_SETS,
            "BuildEvaluationSet",
            evaluation_set,
            Table("evaluation_set"),
        ),
        _write(
            store,
            layout.HUMAN_LABELS,
            "LabelByReviews",
            human.assign(weight=1.0),
            Table("human_labels"),
        ),
        _write(
            store,
            layout.REVIEWED_MESSAGES,
            "AggregateReviews",
            reviewed,
            Table("reviewed_messages"),
        ),
    ]
    _write(
        store,
        layout.COMPARISONS,
        "CompareModels",
        _comparison(),
        RecordJson(ModelDifference),
    )
    parts = ShardManifest.from_json(store.objects[receipts[0].key])
    night = manifest(NIGHT)
    night = night.model_copy(
        update={
            "config": run.config,
            "tasks": tuple(receipts),
            "results": night.results.model_copy(update={"messages": parts}),
        }
    )
    manifest_of(store, run).dump(night, ACCOUNT)
    store.write(layout.report_file(*run, layout.PAGE), PAGE)
    index = ReportIndex(
        fingerprint="9f3a",
        figures=report.key_figures(night),
        files={layout.PAGE: hashlib.sha256(PAGE).hexdigest()},
    )
    index_of(store, run).dump(index, ACCOUNT)
    return run


def _messages(rows: list[tuple[str, str, str | None, list[str]]]) -> pd.DataFrame:
    keys, bodies, senders, _ = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "key": pd.Series(keys, dtype="str"),
            "body": pd.Series(bodies, dtype="str"),
            "sender": pd.Series(senders, dtype="str"),
            "received_at": pd.Series([pd.Timestamp(NIGHT, tz="UTC")] * len(rows)),
        }
    ).astype({"received_at": TIMESTAMP})


def _votes(rows: list[tuple[str, str, str | None, list[str]]]) -> pd.DataFrame:
    table = pd.DataFrame({"key": [row[0] for row in rows]}).astype("str")
    return table.assign(rules=pd.Series([row[3] for row in rows], dtype=object))


def _reviews() -> pd.DataFrame:
    keys = [KEY, KEY, "3"]
    bodies = ["Zqbcanary, win a prize!", "Zqbcanary, win a prize!", "See you"]
    return pd.DataFrame(
        {
            "key": pd.Series(keys, dtype="str"),
            "body": pd.Series(bodies, dtype="str"),
            "label": pd.Series(["spam", "ham", "ham"], dtype="str"),
            "source": pd.Series(["crowd"] * 3, dtype="str"),
            "annotator": pd.Series(["ann", "bob", "ann"], dtype="str"),
            "reviewed_at": pd.Series([pd.NaT] * 3, dtype=TIMESTAMP),
        }
    )


def _reviewed(reviews: pd.DataFrame) -> pd.DataFrame:
    texts = clean(reviews, TEXT)["text"]
    first = reviews.assign(text=texts).drop_duplicates("key").reset_index(drop=True)
    table = first[["key", "body", "text", "label"]]
    sources = pd.Series([["crowd"]] * len(table), dtype=object)
    return table.assign(reviews=np.int64(1), sources=sources)


def _comparison() -> ModelDifference:
    shown = [MASKED, "████ other"]
    return ModelDifference(
        champion=None,
        texts=2,
        messages=2,
        changed=2,
        terms={},
        moved=(),
        churned=tuple(
            ChurnedText(text=text, messages=1, before="ham", now="spam")
            for text in shown
        ),
    )


def _write_messages(store: MemoryStore, tables: list[pd.DataFrame]) -> Receipt:
    key = f"{layout.MESSAGES}9f3a.json"
    parts = []
    for shard, table in enumerate(tables):
        content = Table("messages").encode(table)
        sha256 = hashlib.sha256(content).hexdigest()
        part_key = layout.part(key, shard, len(tables), sha256, "parquet")
        store.write(part_key, content)
        parts.append(
            Part(key=part_key, rows=len(table), bytes=len(content), sha256=sha256)
        )
    rows = sum(part.rows for part in parts)
    counts = SampleCounts(sampled=rows, null_bodies=0, oversized_bodies=0, kept=rows)
    named = ShardManifest(parts=tuple(parts), counts=counts)
    account = ACCOUNT.model_copy(
        update={"task": "IngestMessages", "date": NIGHT.isoformat()}
    )
    artefact = Artefact(store, key, RecordJson(ShardManifest))
    return artefact.write(named.to_json(), rows, account)


def _write(
    store: MemoryStore,
    prefix: str,
    task: str,
    value: object,
    codec: Codec,
    *,
    shard: int | None = None,
) -> Receipt:
    key = f"{prefix}{'9f3a' if shard is None else f'9f3a{shard}'}.{codec.suffix}"
    parameters = {} if shard is None else {"shard": str(shard)}
    account = ACCOUNT.model_copy(
        update={"task": task, "parameters": parameters, "date": NIGHT.isoformat()}
    )
    return Artefact(store, key, codec).dump(value, account)

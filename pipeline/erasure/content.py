"""Erase messages from the content of objects, whatever their codec is."""

import io
from collections.abc import Collection

import numpy as np
import pandas as pd

from pipeline.data.codecs import Npz, Table
from pipeline.erasure import values
from pipeline.erasure.result import Erasure
from pipeline.records.run import ModelDifference


def read_columns(content: bytes, *columns: str) -> pd.DataFrame:
    """Return some columns of a table.

    Examples
    --------
    >>> cleaned = pd.DataFrame({"key": ["1"], "text": ["win"]}).astype("str")
    >>> read_columns(Table("cleaned").encode(cleaned), "key")["key"].tolist()
    ['1']
    """
    return pd.read_parquet(io.BytesIO(content), columns=list(columns))


def erase_keys(
    content: bytes, schema: str, keys: Collection[str], origin: str | int
) -> Erasure | None:
    """Erase the rows of some keys from a table, and the keys.

    Examples
    --------
    >>> table = pd.DataFrame({"key": ["1", "2"], "text": ["win", "hi"]}).astype("str")
    >>> erasure = erase_keys(Table("cleaned").encode(table), "cleaned", {"1"}, 0)
    >>> Table("cleaned").decode(erasure.content).values.tolist()
    [['erased-0-0', ''], ['2', 'hi']]
    """
    codec = Table(schema)
    table = codec.decode(content)
    is_erased = table["key"].isin(keys).to_numpy()
    if not is_erased.any():
        return None
    erased = values.erase_keys(values.erase_rows(table, is_erased), is_erased, origin)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_table(content: bytes, schema: str) -> Erasure | None:
    """Erase the messages from every row of a table; the keys stay.

    Examples
    --------
    >>> table = pd.DataFrame({"key": ["1"], "text": ["win"]}).astype("str")
    >>> erasure = erase_table(Table("cleaned").encode(table), "cleaned")
    >>> Table("cleaned").decode(erasure.content).values.tolist()
    [['1', '']]
    """
    codec = Table(schema)
    table = codec.decode(content)
    is_erased = values.holds_messages(table)
    if not is_erased.any():
        return None
    erased = values.erase_rows(table, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_bodies(content: bytes, bodies: Collection[str]) -> Erasure | None:
    """Erase the rows of these bodies from an evaluation set.

    Examples
    --------
    >>> table = pd.DataFrame({"text": ["win"], "body": ["Win!"], "label": ["spam"]})
    >>> codec = Table("evaluation_set")
    >>> content = codec.encode(table.astype("str").assign(weight=1))
    >>> codec.decode(erase_bodies(content, {"Win!"}).content)["body"].tolist()
    ['']
    """
    codec = Table("evaluation_set")
    table = codec.decode(content)
    is_erased = table["body"].isin(bodies).to_numpy() & values.holds_messages(table)
    if not is_erased.any():
        return None
    erased = values.erase_rows(table, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def erase_texts(content: bytes, texts: Collection[str] | None) -> Erasure | None:
    """Erase the documents of these cleaned texts from a training set.

    Parameters
    ----------
    texts
        None for all of them.

    Examples
    --------
    >>> from pipeline.data.training_set import TrainingSet
    >>> training_set = TrainingSet(
    ...     labels=("spam",), vocabulary=("win",), y=np.array([0]),
    ...     weight=np.array([1]), label_weight=np.array([1.0]), group=np.array([0]),
    ...     tokens=np.array([0], dtype=np.int32), offsets=np.array([0, 1]),
    ... )
    >>> erase_texts(Npz().encode(training_set), {"win"}).rows
    1
    """
    codec = Npz()
    training_set = codec.decode(content)
    if texts is None:
        is_erased = np.diff(training_set.offsets) > 0
    else:
        is_erased = values.documents_with(training_set, texts)
    if not is_erased.any():
        return None
    erased = values.erase_documents(training_set, is_erased)
    return Erasure(codec.encode(erased), rows=int(is_erased.sum()))


def shown_texts(content: bytes, texts: Collection[str] | None) -> tuple[str, ...]:
    """Return the masked messages in a comparison that may be one of these texts.

    Parameters
    ----------
    texts
        Cleaned texts; None for every message.

    Examples
    --------
    >>> comparison = ModelDifference(
    ...     champion=None, texts=0, messages=0, changed=0, terms={}, moved=(),
    ...     churned=(),
    ... )
    >>> shown_texts(comparison.to_json(), None)
    ()
    """
    comparison = ModelDifference.from_json(content)
    return tuple(shown.text for shown in values.shown_texts(comparison, texts))


def erase_shown(content: bytes, texts: Collection[str] | None) -> Erasure | None:
    """Erase the masked messages from a comparison that may be one of these texts.

    Examples
    --------
    >>> comparison = ModelDifference(
    ...     champion=None, texts=0, messages=0, changed=0, terms={}, moved=(),
    ...     churned=(),
    ... )
    >>> erase_shown(comparison.to_json(), None) is None
    True
    """
    comparison = ModelDifference.from_json(content)
    shown = values.shown_texts(comparison, texts)
    if not shown:
        return None
    kept = tuple(text for text in comparison.churned if text not in shown)
    erased = comparison.model_copy(update={"churned": kept})
    return Erasure(erased.to_json(), rows=len(shown))

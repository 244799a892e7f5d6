"""Edit model files, and write them again as a careless or a careful hand would."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.export.exporters.nightsieve_linear.format import sealed
from pipeline.export.reference import from_units, hexadecimal
from scorers.python import nightsieve_scorer

CHECKSUM_LENGTH = nightsieve_scorer.CHECKSUM_LENGTH
Json = Any
Entries = dict[str, Json]
Edit = Callable[[Entries], None]  # of entries, in place
BytesEdit = Callable[[bytes], bytes]  # of a whole file


def read(model: bytes) -> Entries:
    """Return the entries of a file, without its checksum."""
    entries = json.loads(model)
    del entries["checksum"]
    return entries


def write(entries: Entries) -> bytes:
    """Return the file of these entries, with the right checksum, whatever they are."""
    lines = ["{\n"]
    for name, value in entries.items():
        lines.append(f'"{name}": {json.dumps(value, separators=(",", ":"))},\n')
    return sealed("".join(lines).encode("ascii"))


def settle(entries: Entries) -> None:
    """Compute limits and self-test from the other entries.

    An edit is then wrong in itself or not at all.
    """
    last_row = [-sum(column) for column in zip(*entries["weights"], strict=False)]
    rows = [*entries["weights"], last_row]
    largest_sum = max(sum(map(abs, row)) for row in rows)
    squares = entries["term_frequency_squared"]
    entries["limits"] = {
        "S": largest_sum * entries["term_frequency"][-1],
        "N": sum(entries["idf_squared"]) * squares[-1] if squares else 1,
    }
    scorer = nightsieve_scorer.Scorer(entries)
    for vector in entries["self_test"]:
        result = scorer.evaluate(from_units(vector["text"]))
        scores = hexadecimal(np.array([result.scores]))[0]
        vector |= {**result._asdict(), "scores": scores}


def put(path: str, *values: Json) -> Edit:
    """Return an edit that puts the value at a dotted path.

    Numbers in the path are indices of lists. More values follow the first one.
    """

    def edit(entries: Entries) -> None:
        parent, key = _locate(entries, path)
        for offset, value in enumerate(values):
            parent[key + offset if offset else key] = value

    return edit


def add_to(path: str, summand: int) -> Edit:
    """Return an edit that adds to the integer at the path."""

    def edit(entries: Entries) -> None:
        parent, key = _locate(entries, path)
        parent[key] += summand

    return edit


def remove(path: str) -> Edit:
    """Return an edit that removes what is at the path."""

    def edit(entries: Entries) -> None:
        parent, key = _locate(entries, path)
        del parent[key]

    return edit


def append(path: str, value: Json) -> Edit:
    """Return an edit that appends the value to the list at the path."""

    def edit(entries: Entries) -> None:
        parent, key = _locate(entries, path)
        parent[key].append(value)

    return edit


def in_turn(*edits: Edit) -> Edit:
    """Return an edit that makes all of these edits, one after the other."""

    def edit_all(entries: Entries) -> None:
        for edit in edits:
            edit(entries)

    return edit_all


def replace_text(old: str, new: str) -> BytesEdit:
    """Return an edit of a file that has ``old`` once; the checksum stays right."""

    def edit(model: bytes) -> bytes:
        assert model.count(old.encode()) == 1, old
        content = model[:-CHECKSUM_LENGTH]
        return sealed(content.replace(old.encode(), new.encode("latin-1")))

    return edit


def _locate(entries: Entries, path: str) -> tuple[Json, Json]:
    """Return what holds the value at the path, and its key there."""
    *parent_keys, last_key = map(_key, path.split("."))
    parent: Json = entries
    for key in parent_keys:
        parent = parent[key]
    return parent, last_key


def _key(part: str) -> int | str:
    return int(part) if part.isdigit() else part

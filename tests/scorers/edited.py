"""Files of models, edited: written anew as a careless or a careful hand would."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.export.exporters.nightsieve_linear.format import sealed
from pipeline.export.reference import hexadecimal
from scorers.python import nightsieve_scorer

TAIL = nightsieve_scorer.CHECKSUM_LENGTH
Entries = dict[str, Any]
Edit = Callable[[Entries], Any]


def read(model: bytes) -> Entries:
    """The entries of a file but for its checksum."""
    entries = json.loads(model)
    del entries["checksum"]
    return entries


def written(entries: Entries) -> bytes:
    """The file of these entries, with the right checksum, whatever they are."""
    lines = (
        f'"{name}": {json.dumps(value, separators=(",", ":"))},\n'
        for name, value in entries.items()
    )
    return sealed(("{\n" + "".join(lines)).encode("ascii"))


def settle(entries: Entries) -> None:
    """Makes limits and self-test those of the other entries, so that an edit is wrong in itself or not at all."""
    last = [-sum(column) for column in zip(*entries["weights"], strict=False)]
    S = (
        max(sum(map(abs, row)) for row in [*entries["weights"], last])
        * entries["term_frequency"][-1]
    )
    squares = entries["term_frequency_squared"]
    entries["limits"] = {
        "S": S,
        "N": sum(entries["idf_squared"]) * squares[-1] if squares else 1,
    }
    scorer = nightsieve_scorer.Scorer(entries)
    for vector in entries["self_test"]:
        text = bytes.fromhex(vector["text"]).decode("utf-16-be", "surrogatepass")
        found = scorer.evaluate(text)
        vector |= {
            **found._asdict(),
            "scores": hexadecimal(np.array([found.scores]))[0],
        }


def put(path: str, *values: Any) -> Edit:
    """An edit that puts the value at a dotted path, where numbers count into lists; more values follow it."""

    def edit(entries: Entries) -> None:
        place, last = _place(entries, path)
        for offset, value in enumerate(values):
            place[last + offset if offset else last] = value

    return edit


def removed(path: str) -> Edit:
    """An edit that removes what is at the path."""

    def edit(entries: Entries) -> None:
        place, last = _place(entries, path)
        del place[last]

    return edit


def added(path: str, value: Any) -> Edit:
    """An edit that appends the value to the list at the path."""

    def edit(entries: Entries) -> None:
        place, last = _place(entries, path)
        place[last].append(value)

    return edit


def every(*edits: Edit) -> Edit:
    """All edits, one after the other."""
    return lambda entries: [edit(entries) for edit in edits]


def swapped(old: str, new: str) -> Callable[[bytes], bytes]:
    """An edit of a file's bytes that leaves the checksum right; ``old`` stands there once."""

    def edit(model: bytes) -> bytes:
        assert model.count(old.encode()) == 1, old
        return sealed(model[:-TAIL].replace(old.encode(), new.encode("latin-1")))

    return edit


def _place(entries: Entries, path: str) -> tuple[Any, Any]:
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in parents:
        entries = entries[key]
    return entries, last

"""Observe the results of a night, as values that are the same on every run.

An observation maps a path, such as ``tables.ApplyRules.0.rows``, to a JSON value. It
holds no message text: files and tables are hashed.
"""

import hashlib
import io
import itertools
import json
import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias, TypedDict

import numpy as np
import pyarrow.parquet

from pipeline.records.export import DEFAULT_FORMAT
from tests.golden import names
from tests.golden.night import FinishedNight

#: Values by their paths.
Observation: TypeAlias = dict[str, object]
#: A path and its value.
Entry: TypeAlias = tuple[str, object]
#: A JSON object.
Json: TypeAlias = dict[str, Any]

# Tasks by their names in the expectations.
MODEL = "ExportCoefficients"
VECTORS = "ExportVectors"
REFERENCE = "ExportReference"
MESSAGES = "IngestMessages"
TRAINING_SET = "BuildTrainingSet"

# Values in a file that vary with the names of settings. Each pattern has three groups:
# the text before the value, the value, and the text after it.
FINGERPRINT = re.compile(rb'("fingerprint":")([0-9a-f]{16})(")')
SELF_TEST = re.compile(rb'("self_test": )(\[.*\])(,\n)')
CHECKSUM = re.compile(rb'("checksum": ")([0-9a-f]{8})("\n}\n\Z)')
MODEL_SHA256 = re.compile(rb'("model": ")([0-9a-f]{64})(")')

#: Significant digits of a float that are compared.
DIGITS = 12


class Receipt(TypedDict):
    """The fields of a task's receipt that are read."""

    task: str
    parameters: dict[str, str]
    key: str


def observe(night: FinishedNight) -> Observation:
    """Return the observation of a night."""
    manifest = _run_manifest(night)
    keys = dict(map(_named_key, manifest["tasks"]))
    model = night.objects[keys[MODEL]]
    self_test = SELF_TEST.search(model)
    if self_test is None:
        raise ValueError("the model has no self-test")
    vectors = _without(night.objects[keys[VECTORS]], MODEL_SHA256)
    return {
        "exit_code": night.exit_code,
        "files.model.json": _sha256(_without(model, FINGERPRINT, SELF_TEST, CHECKSUM)),
        "files.model.json.self_test": _sha256(self_test[2]),
        "files.vectors.json": _sha256(vectors),
        "files.reference.json": _sha256(night.objects[keys[REFERENCE]]),
        **dict(_tables(night.objects, keys)),
        **dict(_training_set(night.objects[keys[TRAINING_SET]])),
        **_results(_comparable(manifest["results"])),
    }


def _run_manifest(night: FinishedNight) -> Json:
    keys = [key for key in night.objects if key.startswith(f"runs/{night.date}/")]
    (manifest_key,) = [key for key in keys if not key.endswith(".receipt.json")]
    return json.loads(night.objects[manifest_key])


def _named_key(receipt: Receipt) -> tuple[str, str]:
    """Return a task's name in the expectations, with its shard, and its key."""
    name = names.RENAMED_TASKS.get(receipt["task"], receipt["task"])
    parameters = receipt["parameters"]
    shard = parameters.get("shard")
    if shard is not None:
        name = f"{name}.{shard}"
    model_format = parameters.get("format", DEFAULT_FORMAT)
    if model_format != DEFAULT_FORMAT:
        name = f"{name}.{model_format}"
    return name, receipt["key"]


def _without(content: bytes, *patterns: re.Pattern[bytes]) -> bytes:
    """Return the content with a fixed text in place of the patterns' values.

    Raises
    ------
    ValueError
        A pattern does not occur exactly once: the file has another format.
    """
    for pattern in patterns:
        content, count = pattern.subn(rb"\1left out\3", content)
        if count != 1:
            raise ValueError(f"{pattern.pattern!r} occurs {count} times, not once")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tables(objects: dict[str, bytes], keys: dict[str, str]) -> Iterator[Entry]:
    """Yield the columns, the number of rows and hashes of every Parquet file."""
    parts = json.loads(objects[keys[MESSAGES]])["parts"]
    shards = {f"{MESSAGES}.{shard}": part["key"] for shard, part in enumerate(parts)}
    for name, key in sorted({**keys, **shards}.items()):
        if key.endswith(".parquet") and name not in names.NEW_TASKS:
            table = pyarrow.parquet.read_table(io.BytesIO(objects[key]))
            columns = table.to_pydict()
            column_names = [_column_name(name, column) for column in columns]
            yield f"tables.{name}.columns", column_names
            yield f"tables.{name}.rows", table.num_rows
            rows = zip(*columns.values(), strict=True)
            yield f"tables.{name}.sha256", _sha256_of_lines(rows)
            # The hash of the rows covers these hashes, which tell the column that
            # differs.
            for column, values in zip(column_names, columns.values(), strict=True):
                yield f"tables.{name}.sha256_of.{column}", _sha256_of_lines(values)


def _column_name(table: str, column: str) -> str:
    task = table.partition(".")[0]
    renamed = names.RENAMED_COLUMNS
    return renamed.get(f"{task}.{column}", renamed.get(column, column))


def _sha256_of_lines(values: Iterable[object]) -> str:
    """Hash a line of JSON for each value: floats by repr, times in ISO format."""
    iso_format = operator.methodcaller("isoformat")
    lines = [json.dumps(value, default=iso_format) for value in values]
    return _sha256("\n".join(lines).encode())


def _training_set(content: bytes) -> Iterator[Entry]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        for name, array in arrays.items():
            column = _column_name(TRAINING_SET, name)
            described = f"{array.dtype.str} {list(array.shape)}"
            yield f"training_set.{column}", f"{described} {_sha256(array.tobytes())}"


def _comparable(results: Json) -> Json:
    """Return the results with checks of the gate and points of curves as rows."""
    decision = results["decision"]
    validation = results["cross_validation"]
    checks = list(map(_check_row, decision["checks"]))
    curves = {}
    for label, points in validation["curves"].items():
        curves[label] = [_values(point, names.POINT) for point in points]
    return {
        **results,
        "decision": {**decision, "checks": checks},
        "cross_validation": {**validation, "curves": curves},
    }


def _check_row(check: Json) -> list[object]:
    """Return the subject of a check, its value, its bound and its verdict.

    Bounds have four significant digits in the expectations.
    """
    value = None if check["kind"] in names.KINDS_THAT_VARY else check["value"]
    bound = check["bound"]
    if bound is not None:
        bound = _values(bound, names.BOUND)
        if isinstance(bound[1], float):
            bound[1] = _rounded(float(f"{bound[1]:.4g}"))
    return [*_values(check, names.CHECK), value, bound, check["verdict"]]


def _values(record: Json, fields: Sequence[str]) -> list[Any]:
    return [record[field] for field in fields]


def _results(results: object) -> Observation:
    """Return a hash of each result, then the sorted leaves of all of them."""
    leaves = sorted(_compared_leaves(results), key=operator.itemgetter(0))
    observed: Observation = {}
    for result, entries in itertools.groupby(leaves, _result_of):
        observed[f"results.{result}"] = _sha256_of_lines(entries)
    for path, leaf in leaves:
        observed[f"leaves.{path}"] = leaf
    return observed


def _result_of(entry: Entry) -> str:
    return entry[0].partition(".")[0]


def _compared_leaves(results: object) -> Iterator[Entry]:
    """Yield the leaves that are compared, by their paths in the expectations."""
    for path, leaf in _leaves(results, ""):
        expected_path = _renamed(path)
        if not any(_match(start, expected_path) for start in names.LEFT_OUT):
            yield expected_path, leaf


def _leaves(value: object, path: str) -> Iterator[Entry]:
    """Yield the numbers, strings and plain lists in a value, by their paths."""
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and _is_nested(value, path):
        identifier = _identifier(value)
        if identifier:
            yield f"{path}.order", [child[identifier] for child in value]
        for index, child in enumerate(value):
            name = child[identifier] if identifier else index
            yield from _leaves(child, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, list(map(_rounded, value))
    else:
        yield path, _rounded(value)


def _is_nested(values: list[Any], path: str) -> bool:
    """Return whether the elements of a list have paths of their own."""
    if path.startswith(names.ROWS):
        return False
    return any(isinstance(element, dict | list) for element in values)


def _identifier(values: list[object]) -> str | None:
    """Return the key that identifies these values, if they are dictionaries."""
    dictionaries = [value for value in values if isinstance(value, dict)]
    for key in names.IDENTIFIERS:
        identifiers = {value[key] for value in dictionaries if key in value}
        if len(identifiers) == len(values):
            return key
    return None


def _rounded(value: object) -> object:
    """Return floats with 12 significant digits; 1.0 and 1 are the same number."""
    if not isinstance(value, float):
        return value
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def _renamed(path: str) -> str:
    """Return the path in the expectations of a path in the results."""
    for start_of_path, expected in names.RENAMED_PATHS.items():
        match = _match(start_of_path, path)
        if match:
            start = expected.replace("*", "{}").format(*match.groups())
            return start + path[match.end() :]
    return path


def _match(start: str, path: str) -> re.Match[str] | None:
    """Match the start of a path, in which a ``*`` is any one part."""
    pattern = re.escape(start).replace(r"\*", r"([^.]+)")
    return re.match(rf"{pattern}(?=\.|\Z)", path)

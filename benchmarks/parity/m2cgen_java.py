"""m2cgen's Java for the weights of a logistic regression: a baseline of `scoring`."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import m2cgen
import numpy as np
import scipy.sparse as sp
from m2cgen import ast
from sklearn.linear_model import LogisticRegression

from benchmarks.parity.records import M2cgenLimit

STEP = 100  # terms, to which the largest size is found
STACK_BYTES = 1 << 29  # m2cgen recurses once for every term
RECURSION_LIMIT = 1_000_000


def generate(estimator: LogisticRegression) -> str:
    """Return the class ``generated.Model``, as `m2cgen.export_to_java` writes it."""
    sources: list[str] = []

    def export() -> None:
        sources.append(m2cgen.export_to_java(estimator, "generated"))

    recursion_limit = sys.getrecursionlimit()
    stack_size = threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(RECURSION_LIMIT)
    try:
        with _linear_time():
            thread = threading.Thread(target=export)
            thread.start()
            thread.join()
    finally:
        sys.setrecursionlimit(recursion_limit)
        threading.stack_size(stack_size)
    return sources[0]


def compile_source(source: str, folder: Path) -> str | None:
    """Compile the class into the folder; return the error, None if there is none."""
    path = folder / "Model.java"
    path.write_text(source, encoding="utf-8")
    run = subprocess.run(
        ["javac", "-J-Xss512m", "-d", str(folder), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0:
        return None
    first_error = run.stderr.partition("error: ")[2].partition("\n")[0]
    return first_error or run.stderr


def find_limit(estimator: LogisticRegression, folder: Path) -> M2cgenLimit:
    """Return how many of the estimator's terms javac compiles, to `STEP`."""
    terms = estimator.coef_.shape[1]
    error = compile_source(generate(estimator), folder)
    if error is None:
        return M2cgenLimit(compiled_terms=terms, terms=terms, error="")
    compiled = 0
    refused = terms
    while refused - compiled > STEP:
        middle = (compiled + refused) // 2 // STEP * STEP or STEP
        source = generate(_first_terms(estimator, middle))
        middle_error = compile_source(source, folder)
        if middle_error is None:
            compiled = middle
        else:
            refused = middle
            error = middle_error
    return M2cgenLimit(compiled_terms=compiled, terms=terms, error=error)


def write_vectors(vectors: sp.csr_array, path: Path) -> None:
    """Write tf-idf vectors as drivers/M2cgenDriver.java reads them."""
    with path.open("wb") as file:
        file.write(np.int32(vectors.shape[0]).astype("<i4").tobytes())
        for start, end in zip(vectors.indptr[:-1], vectors.indptr[1:], strict=True):
            file.write(np.int32(end - start).astype("<i4").tobytes())
            file.write(vectors.indices[start:end].astype("<i4").tobytes())
            file.write(vectors.data[start:end].astype("<f8").tobytes())


def _first_terms(estimator: LogisticRegression, terms: int) -> LogisticRegression:
    part = LogisticRegression()
    part.classes_ = estimator.classes_
    part.intercept_ = estimator.intercept_
    part.coef_ = estimator.coef_[:, :terms]
    part.n_features_in_ = terms
    return part


@contextlib.contextmanager
def _linear_time() -> Iterator[None]:
    """Let m2cgen remember what it computes of an expression, which never changes.

    It writes the same source. Without this it hashes the whole sum for every term, so
    its time is quadratic in the terms.
    """
    original_hash = ast.BinNumExpr.__hash__
    original_count = ast.count_exprs
    ast.BinNumExpr.__hash__ = _remember("_hash", original_hash)
    ast.count_exprs = _remember("_count", original_count)
    try:
        yield
    finally:
        ast.BinNumExpr.__hash__ = original_hash
        ast.count_exprs = original_count


def _remember(attribute: str, function: Callable[..., int]) -> Callable[..., int]:
    """Return the function with its values kept on the expression itself."""

    def remembering(expression: Any, exclude_list: Any = None) -> int:
        values = expression.__dict__.setdefault(attribute, {})
        key = bool(exclude_list)
        if key not in values:
            arguments = [exclude_list] if exclude_list else []
            values[key] = function(expression, *arguments)
        return values[key]

    return remembering

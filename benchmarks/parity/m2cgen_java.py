"""The baseline of `benchmarks.scoring`: m2cgen's Java for the weights of a logistic regression."""

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

from benchmarks import machine

STEP = 100  # terms to which the largest size is found
STACK = 1 << 29  # bytes: m2cgen recurses once for every term


def generate(estimator: LogisticRegression) -> str:
    """The source of the class ``generated.Model``, as `m2cgen.export_to_java` writes it."""
    source: list[str] = []
    recursion, stack = sys.getrecursionlimit(), threading.stack_size(STACK)
    sys.setrecursionlimit(1_000_000)
    try:
        with _linear_time():
            thread = threading.Thread(
                target=lambda: source.append(
                    m2cgen.export_to_java(estimator, "generated")
                )
            )
            thread.start()
            thread.join()
    finally:
        sys.setrecursionlimit(recursion)
        threading.stack_size(stack)
    return source[0]


def compiled(source: str, folder: Path) -> str | None:
    """Compiles the class into the folder; the compiler's complaint if it does not take it."""
    path = folder / "Model.java"
    path.write_text(source, encoding="utf-8")
    run = subprocess.run(
        ["javac", "-J-Xss512m", "-d", str(folder), str(path)],
        capture_output=True,
        text=True,
    )
    return (
        run.stderr.partition("error: ")[2].partition("\n")[0] or run.stderr
        if run.returncode
        else None
    )


def largest(estimator: LogisticRegression, folder: Path) -> tuple[int, str]:
    """How many of the estimator's terms javac takes, to `STEP`, and what it says of more; all of them and nothing."""
    fits, total = 0, estimator.coef_.shape[1]
    refused, complaint = total, compiled(generate(estimator), folder)
    if complaint is None:
        return total, ""
    while refused - fits > STEP:
        middle = (fits + refused) // 2 // STEP * STEP or STEP
        if said := compiled(generate(_first_terms(estimator, middle)), folder):
            refused, complaint = middle, said
        else:
            fits = middle
    return fits, complaint


def write_vectors(vectors: sp.csr_array, path: Path) -> None:
    """The tf-idf vectors, as drivers/M2cgenDriver.java reads them."""
    with path.open("wb") as file:
        file.write(np.int32(vectors.shape[0]).astype("<i4").tobytes())
        for start, end in zip(vectors.indptr[:-1], vectors.indptr[1:], strict=True):
            file.write(np.int32(end - start).astype("<i4").tobytes())
            file.write(vectors.indices[start:end].astype("<i4").tobytes())
            file.write(vectors.data[start:end].astype("<f8").tobytes())


def describe() -> dict[str, Any]:
    return machine.describe("m2cgen")


def _first_terms(estimator: LogisticRegression, terms: int) -> LogisticRegression:
    part = LogisticRegression()
    part.classes_, part.intercept_ = estimator.classes_, estimator.intercept_
    part.coef_, part.n_features_in_ = estimator.coef_[:, :terms], terms
    return part


@contextlib.contextmanager
def _linear_time() -> Iterator[None]:
    """Lets m2cgen remember what it computes of an expression, which never changes.

    It writes the same source, but without its hash of the whole sum for every term it is not quadratic in the terms.
    """
    hashed, counted = ast.BinNumExpr.__hash__, ast.count_exprs
    ast.BinNumExpr.__hash__ = _remembered("_hash", hashed)
    ast.count_exprs = _remembered("_count", counted)
    try:
        yield
    finally:
        ast.BinNumExpr.__hash__, ast.count_exprs = hashed, counted


def _remembered(name: str, function: Callable) -> Callable:
    def remembering(expression, exclude_list=None):
        known = expression.__dict__.setdefault(name, {})
        key = bool(exclude_list)
        if key not in known:
            known[key] = (
                function(expression, exclude_list)
                if exclude_list
                else function(expression)
            )
        return known[key]

    return remembering

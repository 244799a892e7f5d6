"""The bytes of an exported model: canonical, exact, and refused if damaged."""

import dataclasses
import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.config.settings import Candidate
from pipeline.data.training_set import TrainingSet
from pipeline.errors import ArtefactError
from pipeline.export import provenance
from pipeline.export.exporters.nightsieve_linear.format import decode, encode, sealed
from pipeline.records.export import Provenance
from tests.support.exported_models import (
    ESTIMATORS,
    KINDS,
    PROVENANCE,
    exported,
    fixed,
    self_test_of,
)

Entries = dict[str, Any]  # a JSON object

SELF_TEST = self_test_of(fixed(ESTIMATORS[0]))


@pytest.fixture
def entries() -> Entries:
    return json.loads(exported(fixed(ESTIMATORS[0])))


@pytest.mark.parametrize("kind", KINDS[:: len(KINDS) // 5 + 1])
def test_a_model_survives_the_file(kind):
    model = fixed(*kind)
    decoded = decode(exported(model))
    for field in dataclasses.fields(model):
        np.testing.assert_array_equal(
            getattr(decoded, field.name), getattr(model, field.name)
        )


def test_the_bytes_are_canonical():
    encoded = exported(fixed(ESTIMATORS[0]))
    libraries = dict(reversed(PROVENANCE.libraries.items()))
    provenance = PROVENANCE.model_copy(update={"libraries": libraries})
    assert encode(fixed(ESTIMATORS[0]), provenance, SELF_TEST) == encoded
    assert encoded.isascii()
    assert encoded.endswith(b"}\n")
    assert len(encoded.splitlines()) == len(json.loads(encoded)) + 2


def another_format(entries: Entries) -> None:
    entries["format"] = "skops"


def an_unknown_entry(entries: Entries) -> None:
    entries["stemmer"] = []


def a_missing_entry(entries: Entries) -> None:
    del entries["norm"]


def a_fraction(entries: Entries) -> None:
    entries["biases"][0] = 0.5


def a_short_row(entries: Entries) -> None:
    entries["weights"][1].pop()


def terms_twice(entries: Entries) -> None:
    entries["terms"][1] = entries["terms"][0]


def other_limits(entries: Entries) -> None:
    entries["limits"]["S"] += 1


def another_result(entries: Entries) -> None:
    entries["self_test"][0]["N"] += 1


BROKEN = (
    another_format,
    an_unknown_entry,
    a_missing_entry,
    a_fraction,
    a_short_row,
    terms_twice,
    other_limits,
    another_result,
)


@pytest.mark.parametrize("edit", BROKEN)
def test_a_broken_file_is_refused(edit: Callable[[Entries], None], entries: Entries):
    """tests/scorers has the whole table; the library asks the Python scorer."""
    edit(entries)
    del entries["checksum"]
    with pytest.raises(ArtefactError, match=r"^model\.json"):
        decode(sealed(json.dumps(entries)[:-1].encode() + b","))


def test_a_damaged_file_is_refused():
    with pytest.raises(ArtefactError, match="checksum"):
        decode(exported(fixed(ESTIMATORS[0])).replace(b"free", b"frea", 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"date": "today"},
        {"messages": 0},
        {"fingerprint": "secret!"},
        {"date": "2026-11-20T03:00:00Z"},
    ],
    ids=str,
)
def test_a_provenance_of_another_form_is_not_written(wrong):
    provenance = PROVENANCE.model_copy(update=wrong)
    with pytest.raises(ArtefactError, match="provenance"):
        encode(fixed(ESTIMATORS[0]), provenance, SELF_TEST)


def test_a_provenance_holds_no_other_facts():
    with pytest.raises(ValidationError, match="built_at"):
        Provenance(**PROVENANCE.model_dump(), built_at="2026-11-20T03:00:00Z")


def test_the_provenance_of_a_night_is_written_as_it_is():
    indices = np.array([0, 1])
    training_set = TrainingSet(
        ("bank", "chat"),
        ("code", "hello"),
        indices,
        np.array([3, 1]),
        np.ones(2),
        group=indices,
        tokens=indices,
        offsets=np.array([0, 1, 2]),
    )
    candidate = Candidate(
        estimator="sgd",
        ngrams=(1, 2),
        min_df=2,
        sublinear_tf=True,
        norm="l2",
        alpha=1e-4,
    )
    entry = provenance(
        datetime.date(2026, 11, 20), "0123456789abcdef", candidate, training_set, 12
    )
    assert (entry.messages, entry.documents, entry.bits) == (4, 2, 12)
    encoded = encode(fixed(ESTIMATORS[0]), entry, SELF_TEST)
    assert json.loads(encoded)["provenance"] == entry.model_dump(mode="json")


def test_importing_the_package_imports_nothing_slow():
    code = (
        "import sys, pipeline.export\n"
        "slow = {'sklearn', 'jsonschema', 'numpy'}\n"
        "sys.exit(bool(slow & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

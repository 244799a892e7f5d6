"""The bytes of an exported model: canonical, exact, and refused when anything in them is not as it should be."""

import datetime
import json
import subprocess
import sys

import numpy as np
import pytest

from pipeline.dataset import TrainingSet
from pipeline.errors import ArtefactError
from pipeline.export import assemble, decode, encode, provenance
from pipeline.settings import Candidate
from scorers.python import nightsieve_scorer
from tests.unit.export.exported_models import ESTIMATORS, KINDS, PROVENANCE, fit


@pytest.fixture
def entries() -> dict:
    return json.loads(encode(assemble(fit(ESTIMATORS[0])), PROVENANCE))


@pytest.mark.parametrize("kind", KINDS[:: len(KINDS) // 5 + 1])
def test_a_model_survives_the_file(kind):
    model = assemble(fit(*kind))
    found = decode(encode(model, PROVENANCE))
    for name in ("labels", "tokeniser", "terms", "sublinear_tf", "norm"):
        assert getattr(found, name) == getattr(model, name)
    for name in ("idf", "weights", "intercepts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(model, name))


def test_the_bytes_are_canonical():
    encoded = encode(assemble(fit(ESTIMATORS[0])), PROVENANCE)
    assert encode(assemble(fit(ESTIMATORS[0])), dict(reversed(PROVENANCE.items()))) == encoded
    assert encoded.isascii() and encoded.endswith(b"}\n")
    assert len(encoded.splitlines()) == len(json.loads(encoded)) + 2


def replaced(path: str, value):
    """An edit that puts the value at a dotted path; numbers count into lists."""

    def edit(entries):
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in parents:
            entries = entries[key]
        entries[last] = value

    return edit


BROKEN = {
    "another format": replaced("format", "skops"),
    "a later version": replaced("version", "1.0"),
    "an unknown requirement": replaced("requires", ["thresholds"]),
    "an unknown entry": replaced("thresholds", []),
    "an unknown entry of tokens": replaced("tokens.stemmer", "porter"),
    "an unknown kind of characters": replaced("characters.upper", []),
    "a missing entry": lambda entries: entries.pop("norm"),
    "a missing entry of tokens": lambda entries: entries["tokens"].pop("min_token"),
    "an unknown norm": replaced("norm", "l1"),
    "an unknown term frequency": replaced("term_frequency", "binary"),
    "one label": replaced("labels", ["bank"]),
    "labels out of order": lambda entries: entries["labels"].reverse(),
    "terms out of order": lambda entries: entries["terms"].reverse(),
    "a repeated term": lambda entries: entries["terms"].__setitem__(1, entries["terms"][0]),
    "a short idf": lambda entries: entries["idf"].pop(),
    "a short row": lambda entries: entries["weights"][1].pop(),
    "a missing row": lambda entries: entries["weights"].pop(),
    "a missing intercept": lambda entries: entries["intercepts"].pop(),
    "a number as a string": replaced("weights.0.0", "1"),
    "a boolean as a number": replaced("idf.0", True),
    "NaN": replaced("idf.0", float("nan")),
    "a number beyond every float": replaced("idf.0", 10**400),
    "an integer with a fraction": replaced("tokens.min_token", 2.0),
    "tokens of length 0": replaced("tokens.min_token", 0),
    "n-grams from high to low": replaced("tokens.ngrams", [2, 1]),
    "endless n-grams": replaced("tokens.ngrams", [1, 10**9]),
    "overlapping characters": replaced("characters.keep", [[97, 122], [122, 125]]),
    "a range from high to low": replaced("characters.drop", [[9, 8]]),
    "a code point beyond Unicode": replaced("characters.keep", [[97, 0x110000]]),
    "a shift beyond Unicode": replaced("characters.shift", [[97, 122, 1, 0x110000]]),
    "a shift without a step": replaced("characters.shift", [[97, 122, 0, 1]]),
    "a replacement by nothing": replaced("characters.replace", [[97, 97, ""]]),
}


@pytest.mark.parametrize("edit", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_by_library_and_scorer(edit, entries):
    edit(entries)
    broken = json.dumps(entries).encode()
    with pytest.raises(ArtefactError, match="^Exported model"):
        decode(broken)
    with pytest.raises(ValueError):
        nightsieve_scorer.load(broken)


@pytest.mark.parametrize("broken", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format": 1, "format": 2}', b"1e999"])
def test_what_is_no_json_object_is_refused_by_library_and_scorer(broken):
    with pytest.raises(ArtefactError):
        decode(broken)
    with pytest.raises(ValueError):
        nightsieve_scorer.load(broken)


@pytest.mark.parametrize(
    "wrong",
    [{"date": "today"}, {"messages": 0}, {"fingerprint": "secret!"}, {"built_at": "2026-11-20T03:00:00Z"}],
    ids=str,
)
def test_a_provenance_with_other_entries_is_not_written(wrong):
    with pytest.raises(ArtefactError, match="provenance"):
        encode(assemble(fit(ESTIMATORS[0])), PROVENANCE | wrong)


def test_the_provenance_of_a_night_is_written_as_it_is():
    y, weight, offsets = np.array([0, 1]), np.array([3, 1]), np.array([0, 1, 2])
    training_set = TrainingSet(("bank", "chat"), ("code", "hello"), y, weight, group=y, tokens=y, offsets=offsets)
    candidate = Candidate(estimator="sgd", ngrams=(1, 2), min_df=2, sublinear_tf=True, norm="l2", alpha=1e-4)
    entry = provenance(datetime.date(2026, 11, 20), "0123456789abcdef", candidate, training_set)
    assert (entry["messages"], entry["documents"]) == (4, 2)
    assert json.loads(encode(assemble(fit(ESTIMATORS[0])), entry))["provenance"] == entry


def test_importing_the_package_imports_nothing_slow():
    code = "import sys, pipeline.export; sys.exit(bool({'sklearn', 'jsonschema', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""What docs/format.md, "Reading", has a reader refuse: for each clause, edits of a good file.

The edits are made to `tests.support.scorer_models.handmade`: K = 5 labels, V = 35 terms, a table of T = 3 counts.
"""

import json

from tests.scorers.edited import Edit, added, every, put, removed, settle

K, V = 5, 35
ENTRIES = [
    *(
        "format",
        "version",
        "requires",
        "provenance",
        "labels",
        "tokens",
        "norm",
        "shifts",
        "limits",
        "term_frequency",
    ),
    *(
        "term_frequency_squared",
        "biases",
        "thresholds",
        "characters",
        "terms",
        "idf_squared",
        "weights",
        "self_test",
    ),
]
LONE = "\ud83d"
VERSIONS = [
    *(
        "0.1",
        "2.0",
        "10.0",
        "1",
        "1.",
        "1.0.0",
        "1.00",
        "1.01",
        "1.-1",
        " 1.0",
        "1.0 ",
        "01.0",
        "1,0",
        "1.x",
    ),
    *("1.\uff10", "1.\u00b2"),
]
WEIGHTLESS = put("weights", [[0] * V for _ in range(K - 1)])
WITHOUT_NORM = every(
    put("norm", "none"), put("term_frequency_squared", []), put("idf_squared", [])
)
ONE_EMPTY_TEST = put(
    "self_test",
    [{"text": "", "tokens": [], "S": [0] * K, "N": 0, "scores": [], "label": ""}],
)


def shared(total: int) -> list[int]:
    """V integers, nearly equal, that add up to the total."""
    return [total // V + (place < total % V) for place in range(V)]


def settled(edit: Edit) -> Edit:
    """The edit, with limits and self-test as they are then."""
    return every(edit, settle)


def vector_with(entry: str, value) -> Edit:
    """The first vector says something else."""
    return put(f"self_test.0.{entry}", value)


LONG_REPLACEMENT = put("characters.replace", [[0x1F600, 0x1F600, "x" * 2**12]])

# For each entry that the reason has to name: what is wrong with it, everything else being right.
REFUSED: dict[str, dict[str, Edit]] = {
    "format": {
        "another format with a fraction": every(put("format", "nightsieve-trees"), put("provenance.bits", 1.5)),
        "another format": put("format", "nightsieve-trees"),
        "another case": put("format", "Nightsieve-Linear"),
    },
    "version": {
        **{f"version {version!r}": put("version", version) for version in VERSIONS},
        **{
            f"version 2.0 with {json.dumps(value)}": every(put("version", "2.0"), put("shifts.bias", value))
            for value in (1.5, True, None, 2**53)
        },
    },
    "requires": {
        "an unknown requirement": put("requires", ["thresholds"]),
        "an unknown requirement of a later minor": every(put("version", "1.1"), put("requires", ["thresholds"])),
        "an empty requirement": put("requires", [""]),
        "a number required": put("requires", [1]),
    },
    "provenance": {
        "a list": put("provenance.bits", [14]),
        "an object of integers": put("provenance.libraries", {"numpy": 2}),
        "an object of objects": put("provenance.libraries", {"numpy": {}}),
    },
    "labels": {
        "one label": put("labels", ["a"]),
        "a label twice": put("labels.1", "__proto__"),
        "an empty label": put("labels.1", ""),
        "a number": put("labels.1", 1),
        "a lone surrogate": put("labels.1", LONE),
        "surrogates in the wrong order": put("labels.1", "\ude00\ud83d"),
    },
    "tokens": {
        "another entry": put("tokens.stemmer", "porter"),
        "no min_token": removed("tokens.min_token"),
        "no ngrams": removed("tokens.ngrams"),
        "no stop_words": removed("tokens.stop_words"),
        "min_token 0": put("tokens.min_token", 0),
        "min_token 1001": put("tokens.min_token", 1001),
        "min_token as a string": put("tokens.min_token", "1"),
        "n-grams of 0": put("tokens.ngrams", [0, 1]),
        "n-grams of 9": put("tokens.ngrams", [1, 9]),
        "n-grams from high to low": put("tokens.ngrams", [2, 1]),
        "one bound": put("tokens.ngrams", [1]),
        "three bounds": put("tokens.ngrams", [1, 2, 3]),
        "an empty stop word": put("tokens.stop_words", [""]),
        "a stop word with a lone surrogate": put("tokens.stop_words", [LONE]),
        "a number as a stop word": put("tokens.stop_words", [1]),
    },
    "norm": {
        "an unknown norm": put("norm", "l1"),
        "an empty norm": put("norm", ""),
    },
    "shifts": {
        "another entry": put("shifts.weight", 0),
        "no bias": removed("shifts.bias"),
        "no score": removed("shifts.score"),
        "score 201": put("shifts.score", 201),
        "score -201": put("shifts.score", -201),
        "bias 201": put("shifts.bias", 201),
        "bias -201": put("shifts.bias", -201),
        "a string": put("shifts.bias", "0"),
    },
    "limits": {
        "another entry": put("limits.T", 1),
        "no S": removed("limits.S"),
        "no N": removed("limits.N"),
        "S one too low": lambda entries: put("limits.S", entries["limits"]["S"] - 1)(entries),
        "S one too high": lambda entries: put("limits.S", entries["limits"]["S"] + 1)(entries),
        "N one too low": lambda entries: put("limits.N", entries["limits"]["N"] - 1)(entries),
        "N one too high": lambda entries: put("limits.N", entries["limits"]["N"] + 1)(entries),
        "N 0 without norm": every(settled(WITHOUT_NORM), put("limits.N", 0)),
        "N that overflows 64 bits": every(
            settled(every(ONE_EMPTY_TEST, put("idf_squared", shared(2**34)), put("term_frequency_squared.2", 2**30))),
            put("limits.N", 0),
        ),
        "a string": put("limits.N", "1"),
    },
    "term_frequency": {
        "none": put("term_frequency", []),
        "0": put("term_frequency.0", 0),
        "beyond 2^20": every(WEIGHTLESS, put("term_frequency.2", 2**20 + 1)),
        "falling": put("term_frequency", [1, 3, 2]),
        "a string": put("term_frequency.0", "1"),
        "65,537 of them": every(put("term_frequency", [1] * 65537), put("term_frequency_squared", [1] * 65537)),
    },
    "term_frequency_squared": {
        "none with l2": put("term_frequency_squared", []),
        "0": put("term_frequency_squared.0", 0),
        "beyond 2^31 - 1": every(put("term_frequency_squared.2", 2**31), put("idf_squared", shared(1000))),
        "falling": put("term_frequency_squared", [2, 9, 8]),
        "one too few": put("term_frequency_squared", [2, 9]),
        "one too many": put("term_frequency_squared", [2, 9, 9, 9]),
        "some without norm": every(WITHOUT_NORM, put("term_frequency_squared", [1, 1, 1])),
    },
    "biases": {
        "one too few": removed("biases.4"),
        "one too many": added("biases", 0),
        "beyond 2^52": put("biases.0", 2**52 + 1),
        "beyond -2^52": put("biases.0", -(2**52) - 1),
        "a string": put("biases.0", "0"),
    },
    "thresholds": {
        "one too few": removed("thresholds.4"),
        "one too many": added("thresholds", 0),
        "beyond 2^52": put("thresholds.0", 2**52 + 1),
        "beyond -2^52": put("thresholds.0", -(2**52) - 1),
        "a list": put("thresholds.0", [0]),
    },
    "characters": {
        "another kind": put("characters.upper", []),
        **{f"no {kind}": removed(f"characters.{kind}") for kind in ("replace", "drop", "shift", "keep")},
        "replace without a string": put("characters.replace", [[1, 2]]),
        "replace with a number": put("characters.replace", [[1, 2, 3]]),
        "replace by nothing": put("characters.replace", [[1, 2, ""]]),
        "replace by a lone surrogate": put("characters.replace", [[1, 2, LONE]]),
        "drop with a string": put("characters.drop", [[1, 2, "a"]]),
        "drop with one bound": put("characters.drop", [[1]]),
        "shift without a delta": put("characters.shift", [[1, 2, 1]]),
        "shift with more": put("characters.shift", [[1, 2, 1, 1, 1]]),
        "no list": put("characters.keep", [97]),
        "a bound as a string": put("characters.keep", [["a", "z"]]),
        "from high to low": put("characters.drop", [[9, 8]]),
        "below 0": put("characters.keep", [[-1, 5]]),
        "beyond Unicode": put("characters.keep", [[0, 0x110000]]),
        "keep overlaps by one": put("characters.keep", [[97, 99], [99, 100]]),
        "drop overlaps by one": put("characters.drop", [[97, 99], [99, 100]]),
        "replace overlaps by one": put("characters.replace", [[97, 99, "a"], [99, 100, "a"]]),
        "shift overlaps where it steps over": put("characters.shift", [[97, 100, 2, 1], [98, 98, 1, 1]]),
        "descending": put("characters.keep", [[99, 100], [97, 98]]),
        "the same twice": put("characters.drop", [[97, 97], [97, 97]]),
        "step 0": put("characters.shift", [[97, 122, 0, 1]]),
        "step -1": put("characters.shift", [[97, 122, -1, 1]]),
        "step beyond Unicode": put("characters.shift", [[97, 122, 0x110000, 1]]),
        "shift below 0": put("characters.shift", [[97, 122, 1, -98]]),
        "shift beyond Unicode": put("characters.shift", [[0x10FFF0, 0x10FFFF, 1, 1]]),
        "shift by 2^53 - 1": put("characters.shift", [[97, 122, 1, 2**53 - 1]]),
        "shift onto the first surrogate": put("characters.shift", [[0xD000, 0xD7FF, 1, 1]]),
        "shift onto the last surrogate": put("characters.shift", [[0xE000, 0xE001, 1, -1]]),
        "shift across the surrogates": put("characters.shift", [[0xD700, 0xE100, 0xA00, 0]]),
    },
    "terms": {
        "none": every(put("terms", []), put("idf_squared", []), put("weights", [[]] * (K - 1))),
        "a term twice": put("terms.1", "ss"),
        "a term twice, once escaped": every(put("terms.0", "\U0001f600"), put("terms.1", "\ud83d\ude00")),
        "an empty term": put("terms.1", ""),
        "a number": put("terms.1", 1),
        "a lone surrogate": put("terms.1", LONE),
    },
    "idf_squared": {
        "one too few": removed("idf_squared.3"),
        "one too many": added("idf_squared", 1),
        "below 0": put("idf_squared.0", -1),
        "beyond 2^31 - 1": put("idf_squared.0", 2**31),
        "some without norm": every(WITHOUT_NORM, put("idf_squared", [0] * V)),
        "a string": put("idf_squared.0", "1"),
    },
    "weights": {
        "a row too few": removed("weights.3"),
        "a row too many": added("weights", [0] * V),
        "one too few": removed("weights.1.3"),
        "one too many": added("weights.1", 0),
        "no rows": put("weights", [0] * (K - 1)),
        "beyond 2^31 - 1": put("weights.0.0", 2**31, 0),
        "beyond -(2^31 - 1)": put("weights.0.0", -(2**31)),
        "the last label's beyond 2^31 - 1": every(put("weights.0.0", -(2**31 - 1)), put("weights.1.0", -1)),
        "a string": put("weights.0.0", "1"),
    },
    "self_test": {
        "none": put("self_test", []),
        "why": vector_with("why", "because"),
        **{f"no {entry}": removed(f"self_test.0.{entry}") for entry in ("text", "tokens", "S", "N", "scores", "label")},
        "text in capitals": every(vector_with("text", "004a"), settle, vector_with("text", "004A")),
        "text of half a unit": vector_with("text", "00"),
        "text that is no hexadecimal": vector_with("text", "00 g"),
        "another text": put("self_test.1.text", "0061"),
        "another token": put("self_test.1.tokens.0", "mine"),
        "a token less": removed("self_test.1.tokens.0"),
        "a token more": added("self_test.0.tokens", "x"),
        "S one more": lambda entries: put("self_test.1.S.0", entries["self_test"][1]["S"][0] + 1)(entries),
        "an S less": removed("self_test.0.S.0"),
        "N one more": lambda entries: put("self_test.1.N", entries["self_test"][1]["N"] + 1)(entries),
        "another last bit": vector_with("scores.4", "0000000000000001"),
        "the sign of 0": vector_with("scores.4", "8000000000000000"),
        "a score in capitals": vector_with("scores.0", "3FF0000000000001"),
        "a score as a number": vector_with("scores.4", 0),
        "a score less": removed("self_test.0.scores.0"),
        "another label": vector_with("label", "1"),
        "an unknown label": vector_with("label", "nobody"),
        "texts too long when mapped": settled(every(LONG_REPLACEMENT, vector_with("text", "0061" * 2**12))),
    },
    "": {  # a reason that names no entry, or several
        **{f"no {entry}": removed(entry) for entry in ENTRIES},
        **{
            f"{entry} is {value!r}": put(entry, value)
            for entry in ENTRIES
            for value in (0, "", [], {})
            if (entry, value) not in [("requires", []), ("provenance", {})]
        },
        "N true without norm": every(settled(WITHOUT_NORM), put("limits.N", True)),
        "an unknown entry": put("future", 1),
        "an unknown entry of a later minor, in tokens": every(put("version", "1.1"), put("tokens.future", 1)),
        "an unknown entry of a later minor, in a vector": every(put("version", "1.1"), vector_with("future", 1)),
        "an unknown entry of a later minor, null": every(put("version", "1.1"), put("future", None)),
        "an unknown entry of a later minor, a fraction": every(put("version", "1.1"), put("future", [1.5])),
        "a later minor that lacks an entry": every(put("version", "1.1"), removed("thresholds")),
        "S beyond 2^53 - 1": settled(every(put("term_frequency.2", 2**20), put("weights.0", shared(2**33)))),
        "N beyond 2^53 - 1": settled(
            every(ONE_EMPTY_TEST, put("idf_squared", shared(2**31)), put("term_frequency_squared.2", 2**22))
        ),
    },
}  # fmt: skip

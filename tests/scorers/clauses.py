"""Edits of a good file that a reader refuses, for each clause of docs/format.md.

The section is "Reading". The file is that of `tests.support.scorer_models.handmade`,
which has 5 labels, 35 terms and a table of 3 counts.
"""

from tests.scorers.edited import (
    Edit,
    Json,
    add_to,
    append,
    in_turn,
    put,
    remove,
    settle,
)

N_LABELS = 5
N_TERMS = 35
ENTRIES = [
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
    "term_frequency_squared",
    "biases",
    "thresholds",
    "characters",
    "terms",
    "idf_squared",
    "weights",
    "self_test",
]
LONE_SURROGATE = "\ud83d"
VERSIONS = [
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
    "1.\uff10",
    "1.\u00b2",
]
WEIGHTLESS = put("weights", [[0] * N_TERMS for _ in range(N_LABELS - 1)])
WITHOUT_NORM = in_turn(
    put("norm", "none"), put("term_frequency_squared", []), put("idf_squared", [])
)
ONE_EMPTY_TEST = put(
    "self_test",
    [
        {
            "text": "",
            "tokens": [],
            "S": [0] * N_LABELS,
            "N": 0,
            "scores": [],
            "label": "",
        }
    ],
)
LONG_REPLACEMENT = put("characters.replace", [[0x1F600, 0x1F600, "x" * 2**12]])


def split_evenly(total: int) -> list[int]:
    """Return an integer for each term, nearly equal, that add up to the total."""
    quotient, remainder = divmod(total, N_TERMS)
    return [quotient + (index < remainder) for index in range(N_TERMS)]


def settled(edit: Edit) -> Edit:
    """Return the edit with the limits and the self-test that follow from it."""
    return in_turn(edit, settle)


def vector_with(entry: str, value: Json) -> Edit:
    """Return an edit that changes an entry of the first vector."""
    return put(f"self_test.0.{entry}", value)


def version_2_with(shift: Json) -> Edit:
    """Return an edit that makes a later version with what version 1 cannot hold."""
    return in_turn(put("version", "2.0"), put("shifts.bias", shift))


def missing(parent: str, *keys: str) -> dict[str, Edit]:
    """Return an edit for each key that removes it."""
    return {f"no {key}": remove(f"{parent}.{key}") for key in keys}


def empty_values() -> dict[str, Edit]:
    """Return edits that put an empty value of each type at each entry."""
    edits: dict[str, Edit] = {}
    empty: tuple[Json, ...] = (0, "", [], {})
    for entry in ENTRIES:
        for value in empty:
            edits[f"{entry} is {value!r}"] = put(entry, value)
    # These are valid.
    del edits["requires is []"]
    del edits["provenance is {}"]
    return edits


# What is wrong with each entry, everything else being right. The reason of the refusal
# names the entry.
REFUSED: dict[str, dict[str, Edit]] = {
    "format": {
        "another format with a fraction": in_turn(
            put("format", "nightsieve-trees"), put("provenance.bits", 1.5)
        ),
        "another format": put("format", "nightsieve-trees"),
        "another case": put("format", "Nightsieve-Linear"),
    },
    "version": {
        **{f"version {version!r}": put("version", version) for version in VERSIONS},
        "version 2.0 with a fraction": version_2_with(1.5),
        "version 2.0 with true": version_2_with(True),
        "version 2.0 with null": version_2_with(None),
        "version 2.0 with an integer beyond 2^53": version_2_with(2**53),
    },
    "requires": {
        "an unknown requirement": put("requires", ["thresholds"]),
        "an unknown requirement of a later minor": in_turn(
            put("version", "1.1"), put("requires", ["thresholds"])
        ),
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
        "a lone surrogate": put("labels.1", LONE_SURROGATE),
        "surrogates in the wrong order": put("labels.1", "\ude00\ud83d"),
    },
    "tokens": {
        "another entry": put("tokens.stemmer", "porter"),
        **missing("tokens", "min_token", "ngrams", "stop_words"),
        "min_token 0": put("tokens.min_token", 0),
        "min_token 1001": put("tokens.min_token", 1001),
        "min_token as a string": put("tokens.min_token", "1"),
        "n-grams of 0": put("tokens.ngrams", [0, 1]),
        "n-grams of 9": put("tokens.ngrams", [1, 9]),
        "n-grams from high to low": put("tokens.ngrams", [2, 1]),
        "one bound": put("tokens.ngrams", [1]),
        "three bounds": put("tokens.ngrams", [1, 2, 3]),
        "an empty stop word": put("tokens.stop_words", [""]),
        "a stop word with a lone surrogate": put("tokens.stop_words", [LONE_SURROGATE]),
        "a number as a stop word": put("tokens.stop_words", [1]),
    },
    "norm": {
        "an unknown norm": put("norm", "l1"),
        "an empty norm": put("norm", ""),
    },
    "shifts": {
        "another entry": put("shifts.weight", 0),
        **missing("shifts", "bias", "score"),
        "score 201": put("shifts.score", 201),
        "score -201": put("shifts.score", -201),
        "bias 201": put("shifts.bias", 201),
        "bias -201": put("shifts.bias", -201),
        "a string": put("shifts.bias", "0"),
    },
    "limits": {
        "another entry": put("limits.T", 1),
        **missing("limits", "S", "N"),
        "S one too low": add_to("limits.S", -1),
        "S one too high": add_to("limits.S", 1),
        "N one too low": add_to("limits.N", -1),
        "N one too high": add_to("limits.N", 1),
        "N 0 without norm": in_turn(settled(WITHOUT_NORM), put("limits.N", 0)),
        "N that overflows 64 bits": in_turn(
            settled(
                in_turn(
                    ONE_EMPTY_TEST,
                    put("idf_squared", split_evenly(2**34)),
                    put("term_frequency_squared.2", 2**30),
                )
            ),
            put("limits.N", 0),
        ),
        "a string": put("limits.N", "1"),
    },
    "term_frequency": {
        "none": put("term_frequency", []),
        "0": put("term_frequency.0", 0),
        "beyond 2^20": in_turn(WEIGHTLESS, put("term_frequency.2", 2**20 + 1)),
        "falling": put("term_frequency", [1, 3, 2]),
        "a string": put("term_frequency.0", "1"),
        "65,537 of them": in_turn(
            put("term_frequency", [1] * 65537),
            put("term_frequency_squared", [1] * 65537),
        ),
    },
    "term_frequency_squared": {
        "none with l2": put("term_frequency_squared", []),
        "0": put("term_frequency_squared.0", 0),
        "beyond 2^31 - 1": in_turn(
            put("term_frequency_squared.2", 2**31),
            put("idf_squared", split_evenly(1000)),
        ),
        "falling": put("term_frequency_squared", [2, 9, 8]),
        "one too few": put("term_frequency_squared", [2, 9]),
        "one too many": put("term_frequency_squared", [2, 9, 9, 9]),
        "some without norm": in_turn(
            WITHOUT_NORM, put("term_frequency_squared", [1, 1, 1])
        ),
    },
    "biases": {
        "one too few": remove("biases.4"),
        "one too many": append("biases", 0),
        "beyond 2^52": put("biases.0", 2**52 + 1),
        "beyond -2^52": put("biases.0", -(2**52) - 1),
        "a string": put("biases.0", "0"),
    },
    "thresholds": {
        "one too few": remove("thresholds.4"),
        "one too many": append("thresholds", 0),
        "beyond 2^52": put("thresholds.0", 2**52 + 1),
        "beyond -2^52": put("thresholds.0", -(2**52) - 1),
        "a list": put("thresholds.0", [0]),
    },
    "characters": {
        "another kind": put("characters.upper", []),
        **missing("characters", "replace", "drop", "shift", "keep"),
        "replace without a string": put("characters.replace", [[1, 2]]),
        "replace with a number": put("characters.replace", [[1, 2, 3]]),
        "replace by nothing": put("characters.replace", [[1, 2, ""]]),
        "replace by a lone surrogate": put(
            "characters.replace", [[1, 2, LONE_SURROGATE]]
        ),
        "drop with a string": put("characters.drop", [[1, 2, "a"]]),
        "drop with one bound": put("characters.drop", [[1]]),
        "shift without a delta": put("characters.shift", [[1, 2, 1]]),
        "shift with more": put("characters.shift", [[1, 2, 1, 1, 1]]),
        "not a list": put("characters.keep", [97]),
        "a bound as a string": put("characters.keep", [["a", "z"]]),
        "from high to low": put("characters.drop", [[9, 8]]),
        "below 0": put("characters.keep", [[-1, 5]]),
        "beyond Unicode": put("characters.keep", [[0, 0x110000]]),
        "keep overlaps by one": put("characters.keep", [[97, 99], [99, 100]]),
        "drop overlaps by one": put("characters.drop", [[97, 99], [99, 100]]),
        "replace overlaps by one": put(
            "characters.replace", [[97, 99, "a"], [99, 100, "a"]]
        ),
        "shift overlaps where it steps over": put(
            "characters.shift", [[97, 100, 2, 1], [98, 98, 1, 1]]
        ),
        "descending": put("characters.keep", [[99, 100], [97, 98]]),
        "the same twice": put("characters.drop", [[97, 97], [97, 97]]),
        "step 0": put("characters.shift", [[97, 122, 0, 1]]),
        "step -1": put("characters.shift", [[97, 122, -1, 1]]),
        "step beyond Unicode": put("characters.shift", [[97, 122, 0x110000, 1]]),
        "shift below 0": put("characters.shift", [[97, 122, 1, -98]]),
        "shift beyond Unicode": put("characters.shift", [[0x10FFF0, 0x10FFFF, 1, 1]]),
        "shift by 2^53 - 1": put("characters.shift", [[97, 122, 1, 2**53 - 1]]),
        "shift onto the first surrogate": put(
            "characters.shift", [[0xD000, 0xD7FF, 1, 1]]
        ),
        "shift onto the last surrogate": put(
            "characters.shift", [[0xE000, 0xE001, 1, -1]]
        ),
        "shift across the surrogates": put(
            "characters.shift", [[0xD700, 0xE100, 0xA00, 0]]
        ),
    },
    "terms": {
        "none": in_turn(
            put("terms", []),
            put("idf_squared", []),
            put("weights", [[]] * (N_LABELS - 1)),
        ),
        "a term twice": put("terms.1", "ss"),
        "a term twice, once escaped": in_turn(
            put("terms.0", "\U0001f600"), put("terms.1", "\ud83d\ude00")
        ),
        "an empty term": put("terms.1", ""),
        "a number": put("terms.1", 1),
        "a lone surrogate": put("terms.1", LONE_SURROGATE),
    },
    "idf_squared": {
        "one too few": remove("idf_squared.3"),
        "one too many": append("idf_squared", 1),
        "below 0": put("idf_squared.0", -1),
        "beyond 2^31 - 1": put("idf_squared.0", 2**31),
        "some without norm": in_turn(WITHOUT_NORM, put("idf_squared", [0] * N_TERMS)),
        "a string": put("idf_squared.0", "1"),
    },
    "weights": {
        "a row too few": remove("weights.3"),
        "a row too many": append("weights", [0] * N_TERMS),
        "one too few": remove("weights.1.3"),
        "one too many": append("weights.1", 0),
        "no rows": put("weights", [0] * (N_LABELS - 1)),
        "beyond 2^31 - 1": put("weights.0.0", 2**31, 0),
        "beyond -(2^31 - 1)": put("weights.0.0", -(2**31)),
        "the last label's beyond 2^31 - 1": in_turn(
            put("weights.0.0", -(2**31 - 1)), put("weights.1.0", -1)
        ),
        "a string": put("weights.0.0", "1"),
    },
    "self_test": {
        "none": put("self_test", []),
        "why": vector_with("why", "because"),
        **missing("self_test.0", "text", "tokens", "S", "N", "scores", "label"),
        "text in capitals": in_turn(
            vector_with("text", "004a"), settle, vector_with("text", "004A")
        ),
        "text of half a unit": vector_with("text", "00"),
        "text that is not hexadecimal": vector_with("text", "00 g"),
        "another text": put("self_test.1.text", "0061"),
        "another token": put("self_test.1.tokens.0", "mine"),
        "a token less": remove("self_test.1.tokens.0"),
        "a token more": append("self_test.0.tokens", "x"),
        "S one more": add_to("self_test.1.S.0", 1),
        "an S less": remove("self_test.0.S.0"),
        "N one more": add_to("self_test.1.N", 1),
        "another last bit": vector_with("scores.4", "0000000000000001"),
        "the sign of 0": vector_with("scores.4", "8000000000000000"),
        "a score in capitals": vector_with("scores.0", "3FF0000000000001"),
        "a score as a number": vector_with("scores.4", 0),
        "a score less": remove("self_test.0.scores.0"),
        "another label": vector_with("label", "1"),
        "an unknown label": vector_with("label", "nobody"),
        "texts too long when mapped": settled(
            in_turn(LONG_REPLACEMENT, vector_with("text", "0061" * 2**12))
        ),
    },
    "": {  # the reason names no entry, or several entries
        **{f"no {entry}": remove(entry) for entry in ENTRIES},
        **empty_values(),
        "N true without norm": in_turn(settled(WITHOUT_NORM), put("limits.N", True)),
        "an unknown entry": put("future", 1),
        "an unknown entry of a later minor, in tokens": in_turn(
            put("version", "1.1"), put("tokens.future", 1)
        ),
        "an unknown entry of a later minor, in a vector": in_turn(
            put("version", "1.1"), vector_with("future", 1)
        ),
        "an unknown entry of a later minor, null": in_turn(
            put("version", "1.1"), put("future", None)
        ),
        "an unknown entry of a later minor, a fraction": in_turn(
            put("version", "1.1"), put("future", [1.5])
        ),
        "a later minor that lacks an entry": in_turn(
            put("version", "1.1"), remove("thresholds")
        ),
        "S beyond 2^53 - 1": settled(
            in_turn(
                put("term_frequency.2", 2**20), put("weights.0", split_evenly(2**33))
            )
        ),
        "N beyond 2^53 - 1": settled(
            in_turn(
                ONE_EMPTY_TEST,
                put("idf_squared", split_evenly(2**31)),
                put("term_frequency_squared.2", 2**22),
            )
        ),
    },
}

"""Edits of a good file that stay just inside the bounds, so every reader takes it.

The bounds are those of docs/format.md, "Reading". As in `tests.scorers.clauses`, the
file is that of `tests.support.scorer_models.handmade`.
"""

from tests.scorers.clauses import (
    LONE_SURROGATE,
    LONG_REPLACEMENT,
    N_LABELS,
    N_TERMS,
    WEIGHTLESS,
    WITHOUT_NORM,
    split_evenly,
    vector_with,
)
from tests.scorers.edited import Edit, Entries, in_turn, put


def sort_entries(entries: Entries) -> None:
    for key in sorted(entries):
        entries[key] = entries.pop(key)


def keep_one_vector(entries: Entries) -> None:
    del entries["self_test"][1:]


def repeat_a_vector(entries: Entries) -> None:
    vectors = entries["self_test"]
    vectors.append(dict(vectors[0]))


LOADED: dict[str, Edit] = {
    "as it is": in_turn(),
    "no provenance": put("provenance", {}),
    "any provenance": put(
        "provenance",
        {
            "a": "",
            "": 0,
            "b": {},
            "c": {"d": LONE_SURROGATE},
            "__proto__": -(2**53 - 1),
        },
    ),
    "a later minor": put("version", "1.1"),
    "a much later minor": put("version", "1.1000"),
    "an unknown entry of a later minor": in_turn(
        put("version", "1.7"), put("future", {"": [[], {}, -1, {"": LONE_SURROGATE}]})
    ),
    "an unknown entry with a name that is a trap": in_turn(
        put("version", "1.1"), put("__proto__", {"toString": "x"})
    ),
    "entries in another order": sort_entries,
    "two labels": in_turn(
        put("labels", ["b", "a"]),
        put("biases", [0, 0]),
        put("thresholds", [0, 0]),
        put("weights", [[1] * N_TERMS]),
    ),
    "min_token 1000": put("tokens.min_token", 1000),
    "n-grams of 1 to 8": put("tokens.ngrams", [1, 8]),
    "n-grams of 8": put("tokens.ngrams", [8, 8]),
    "no stop words": put("tokens.stop_words", []),
    "a stop word twice, and one that is no token": put(
        "tokens.stop_words", ["the", "the", "a b", " ", "\U0001f600"]
    ),
    "no norm": WITHOUT_NORM,
    "shifts of 200": in_turn(put("shifts.score", 200), put("shifts.bias", 200)),
    "shifts of -200": in_turn(put("shifts.score", -200), put("shifts.bias", -200)),
    "one term frequency": in_turn(
        WEIGHTLESS, put("term_frequency", [2**20]), put("term_frequency_squared", [1])
    ),
    "65,536 term frequencies": in_turn(
        put("term_frequency", [1] * 65536), put("term_frequency_squared", [1] * 65536)
    ),
    "tf2 of 2^31 - 1": in_turn(
        put("term_frequency_squared.2", 2**31 - 1),
        put("idf_squared", split_evenly(1000)),
    ),
    "biases of 2^52": in_turn(
        put("biases.0", 2**52, -(2**52)), put("thresholds.0", 2**52, -(2**52))
    ),
    "no characters": put(
        "characters", {"replace": [], "drop": [], "shift": [], "keep": []}
    ),
    "every character": put("characters.keep", [[0, 0x10FFFF]]),
    "every character replaced, also by separators": put(
        "characters.replace", [[0, 0x10FFFF, " a  free "]]
    ),
    "neighbouring ranges": put("characters.drop", [[97, 98], [99, 99], [100, 200]]),
    "the longest step": put("characters.shift", [[97, 122, 0x10FFFF, 1]]),
    "a shift by nothing": put("characters.shift", [[97, 122, 1, 0]]),
    "a shift down to 0": put("characters.shift", [[97, 122, 1, -97]]),
    "a shift up to the last code point": put(
        "characters.shift", [[97, 97, 1, 0x10FFFF - 97]]
    ),
    "a shift to the last before the surrogates": put(
        "characters.shift", [[97, 122, 1, 0xD7FF - 122]]
    ),
    "a shift to the first after the surrogates": put(
        "characters.shift", [[97, 122, 1, 0xE000 - 97]]
    ),
    "a shift onto separators": put("characters.shift", [[97, 98, 1, 0x20 - 97]]),
    "one term": in_turn(
        put("terms", ["free"]),
        put("idf_squared", [1]),
        put("weights", [[1], [2], [3], [4]]),
    ),
    "terms that no text has": put(
        "terms.0", " ", "a  b", " a", "a ", "\0", '"\\/\b\f\n\r\t\x7f'
    ),
    "names of an object's own": put("terms.0", "toString", "valueOf", "hasOwnProperty"),
    "a length of 0": put("idf_squared", [0] * N_TERMS),
    "weights of 2^31 - 1": put("weights.0.0", 2**31 - 1),
    "the last label's weight of 2^31 - 1": put("weights.0.0", -(2**31 - 1)),
    "no weights": WEIGHTLESS,
    "S of 2^53 - 2^20": in_turn(
        put("term_frequency.2", 2**20),
        put("weights", [split_evenly(2**33 - 1), *[[0] * N_TERMS] * (N_LABELS - 2)]),
    ),
    "N of 2^53 - 1": in_turn(
        put("idf_squared", split_evenly(441650591)),
        put("term_frequency_squared.2", 20394401),
    ),
    "a self-test of long texts": in_turn(
        LONG_REPLACEMENT, vector_with("text", "0061" * (2**12 - 200))
    ),
    "a self-test of one vector": keep_one_vector,
    "a vector twice": repeat_a_vector,
}

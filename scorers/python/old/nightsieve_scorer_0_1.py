"""Scores texts with a ``nightsieve-linear`` 0.1 model: frozen, for files that were once written. Standard library only.

As a module::

    scorer = load("model.json")
    scorer.label("Your code is 123456")     # the label
    scorer.scores("Your code is 123456")    # {label: number}, the largest wins
    scorer.tokens("Your code is 123456")    # the tokens that the model sees

As a command: ``python nightsieve_scorer_0_1.py MODEL.json < TEXTS`` reads one UTF-8 text a line and writes one JSON
object a line, ``{"label": ..., "scores": {label: number}}``. It exits 2 when the model or the arguments are refused.

Every sum runs in ascending order of the terms, in plain double
precision, because that is the order in which scikit-learn adds, so that both round alike.
"""

import json
import math
import os
import sys
from bisect import bisect_right
from itertools import pairwise

FORMAT = "nightsieve-linear"
VERSION = "0.1"
REQUIREMENTS = frozenset()
ENTRIES = {
    "format",
    "version",
    "requires",
    "provenance",
    "labels",
    "tokens",
    "term_frequency",
    "norm",
    "intercepts",
}
ENTRIES |= {"characters", "terms", "idf", "weights"}
TERM_FREQUENCIES = ("raw", "sublinear")
NORMS = ("l2", "none")
MOST_TOKENS = 8
LAST_CODE_POINT = 0x10FFFF


def load(model):
    """The `Scorer` of a model file, given by its path or as its bytes.

    Raises ValueError with the reason when the file is not one that this scorer understands in full.
    """
    if not isinstance(model, bytes):
        with open(model, "rb") as file:
            model = file.read()
    try:
        entries = json.loads(
            model.decode("ascii"),
            parse_float=_finite,
            parse_int=_exact,
            parse_constant=_finite,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"not ASCII-only JSON with finite numbers: {error!s:.200}"
        ) from None
    _check(entries)
    return Scorer(entries)


class Scorer:
    """A loaded model."""

    def __init__(self, entries):
        tokens = entries["tokens"]
        self.labels = tuple(entries["labels"])
        self._characters = _Characters(**entries["characters"])
        self._min_token = tokens["min_token"]
        self._low, self._high = tokens["ngrams"]
        self._stop_words = frozenset(tokens["stop_words"])
        self._sublinear = entries["term_frequency"] == "sublinear"
        self._l2 = entries["norm"] == "l2"
        self._intercepts = [float(number) for number in entries["intercepts"]]
        self._places = {term: place for place, term in enumerate(entries["terms"])}
        self._idf = [float(number) for number in entries["idf"]]
        self._weights = [
            [float(number) for number in row] for row in entries["weights"]
        ]

    def label(self, text):
        """The label with the largest score; among equals the first."""
        return winner(self.scores(text))

    def scores(self, text):
        """``{label: score}`` in the order of the labels."""
        places, values = self._vector(text)
        scores = {}
        for label, weights, intercept in zip(
            self.labels, self._weights, self._intercepts, strict=True
        ):
            score = 0.0
            for place, value in zip(places, values, strict=True):
                score += value * weights[place]
            scores[label] = score + intercept
        return scores

    def tokens(self, text):
        """The tokens of the text that count, in order."""
        words = _join_surrogates(text).translate(self._characters).split(" ")
        return [
            word
            for word in words
            if len(word) >= self._min_token and word not in self._stop_words
        ]

    def _counts(self, text):
        """How often each known term occurs, ``{place: count}``."""
        tokens = self.tokens(text)
        places, counts = self._places, {}
        for n in range(self._low, self._high + 1):
            terms = (
                tokens
                if n == 1
                else (" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
            )
            for term in terms:
                place = places.get(term)
                if place is not None:
                    counts[place] = counts.get(place, 0) + 1
        return counts

    def _vector(self, text):
        """The places of the known terms, ascending, and their values in the text."""
        counts = sorted(self._counts(text).items())
        idf = self._idf
        if self._sublinear:
            values = [(1.0 + math.log(count)) * idf[place] for place, count in counts]
        else:
            values = [count * idf[place] for place, count in counts]
        return [place for place, _ in counts], _normalised(
            values
        ) if self._l2 else values


def winner(scores):
    """The label with the largest score; among equals the first."""
    return max(scores, key=scores.get)


class _Characters(dict):
    """The character map as `str.translate` takes it: ``{code point: string}``, filled as characters occur."""

    def __init__(self, replace, drop, shift, keep):
        super().__init__()
        self._kinds = [
            ([found[0] for found in ranges], ranges)
            for ranges in (replace, drop, shift, keep)
        ]

    def __missing__(self, code_point):
        self[code_point] = string = self._lookup(code_point)
        return string

    def _lookup(self, code_point):
        replace, drop, shift, keep = (
            _covering(kind, code_point) for kind in self._kinds
        )
        if replace:
            return replace[2]
        if drop:
            return ""
        if shift and (code_point - shift[0]) % shift[2] == 0:
            return chr(code_point + shift[3])
        return chr(code_point) if keep else " "


def _covering(kind, code_point):
    firsts, ranges = kind
    place = bisect_right(firsts, code_point) - 1
    return ranges[place] if place >= 0 and code_point <= ranges[place][1] else None


def _join_surrogates(text):
    """UTF-16 pairs joined to one code point, lone surrogates replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _normalised(values):
    """The values divided by their Euclidean length, one rounding after the other (`sum` of Python 3.12 rounds once)."""
    squares = 0.0
    for value in values:
        squares += value * value
    length = math.sqrt(squares)
    return [value / length for value in values] if length else values


def _finite(literal):
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal} is no finite number")
    return number


def _exact(literal):
    if len(literal) > 16:
        raise ValueError(f"{literal:.20} is more than every runtime can hold exactly")
    return int(literal)


def _once(pairs):
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an entry stands there twice")
    return entries


def _check(entries):
    """Refuses what this scorer does not understand or what contradicts itself."""
    _demand(type(entries) is dict, "the file is no JSON object")
    _demand(entries.get("format") == FORMAT, f"format is not {FORMAT}")
    version = entries.get("version")
    _demand(
        version == VERSION,
        f"version {version!r:.40} is not {VERSION}, the one that this scorer reads",
    )
    _demand(
        _list_of(entries.get("requires"), _is_string), "requires is no list of strings"
    )
    unknown = sorted(set(entries["requires"]) - REQUIREMENTS)
    _demand(not unknown, f"requires {unknown}, which this scorer does not know")
    _demand(
        set(entries) == ENTRIES,
        f"missing or unknown entries: {sorted(set(entries) ^ ENTRIES)}",
    )
    _demand(type(entries["provenance"]) is dict, "provenance is no JSON object")
    _demand(
        entries["term_frequency"] in TERM_FREQUENCIES,
        f"term_frequency is none of {TERM_FREQUENCIES}",
    )
    _demand(entries["norm"] in NORMS, f"norm is none of {NORMS}")
    _check_tokens(entries["tokens"])
    _check_characters(entries["characters"])
    _check_numbers(entries)


def _check_tokens(tokens):
    _demand(
        type(tokens) is dict and set(tokens) == {"min_token", "ngrams", "stop_words"},
        "tokens has other entries",
    )
    _demand(
        _is_integer(tokens["min_token"]) and tokens["min_token"] >= 1,
        "tokens.min_token is no integer above 0",
    )
    ngrams = tokens["ngrams"]
    fits = (
        _list_of(ngrams, _is_integer)
        and len(ngrams) == 2
        and 1 <= ngrams[0] <= ngrams[1] <= MOST_TOKENS
    )
    _demand(fits, f"tokens.ngrams is not [lowest, highest] between 1 and {MOST_TOKENS}")
    _demand(
        _list_of(tokens["stop_words"], _is_string),
        "tokens.stop_words is no list of strings",
    )


def _check_characters(characters):
    kinds = {"replace": 3, "drop": 2, "shift": 4, "keep": 2}
    _demand(
        type(characters) is dict and set(characters) == set(kinds),
        "characters has other entries",
    )
    for name, length in kinds.items():
        shaped = _list_of(
            characters[name],
            lambda found, length=length: type(found) is list and len(found) == length,
        )
        _demand(
            shaped and all(map(_is_range, characters[name])),
            f"characters.{name} holds no range of code points",
        )
        ascending = all(
            before[1] < after[0] for before, after in pairwise(characters[name])
        )
        _demand(ascending, f"characters.{name}: ranges are not ascending and disjoint")
    _demand(
        all(_is_string(found[2]) for found in characters["replace"]),
        "characters.replace holds no string",
    )
    _demand(
        all(map(_is_shift, characters["shift"])),
        "characters.shift holds no step and delta between code points",
    )


def _is_range(found):
    return (
        _is_integer(found[0])
        and _is_integer(found[1])
        and 0 <= found[0] <= found[1] <= LAST_CODE_POINT
    )


def _is_shift(found):
    first, last, step, delta = found
    steps = _is_integer(step) and step >= 1 and _is_integer(delta)
    return steps and 0 <= first + delta <= last + delta <= LAST_CODE_POINT


def _check_numbers(entries):
    for name, least in (("labels", 2), ("terms", 1)):
        strings = entries[name]
        _demand(
            _list_of(strings, _is_string) and len(strings) >= least,
            f"{name} is no list of {least} strings",
        )
        ascending = all(before < after for before, after in pairwise(strings))
        _demand(ascending, f"{name} are not in ascending code-point order, each once")
    labels, terms, weights = (
        len(entries["labels"]),
        len(entries["terms"]),
        entries["weights"],
    )
    _demand(
        _numbers(entries["intercepts"], labels), f"intercepts are not {labels} numbers"
    )
    _demand(_numbers(entries["idf"], terms), f"idf are not {terms} numbers")
    rows = (
        type(weights) is list
        and len(weights) == labels
        and all(_numbers(row, terms) for row in weights)
    )
    _demand(rows, f"weights are not {labels} rows of {terms} numbers")


def _numbers(values, length):
    return (
        _list_of(values, lambda value: type(value) in (int, float))
        and len(values) == length
    )


def _list_of(values, belongs):
    return type(values) is list and all(map(belongs, values))


def _is_string(value):
    return type(value) is str and value != ""


def _is_integer(value):
    return type(value) is int


def _demand(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def main(arguments):
    """Scores the lines of standard input; returns the exit code."""
    if len(arguments) != 1:
        print(
            "usage: python nightsieve_scorer_0_1.py MODEL.json < TEXTS", file=sys.stderr
        )
        return 2
    try:
        scorer = load(arguments[0])
    except (OSError, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    try:
        for line in sys.stdin.buffer:
            scores = scorer.scores(line.rstrip(b"\n").decode("utf-8", "replace"))
            print(json.dumps({"label": winner(scores), "scores": scores}))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, as `head` does; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

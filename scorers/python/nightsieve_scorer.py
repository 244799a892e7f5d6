"""Scores texts with an exported ``nightsieve-linear`` 1.x model. One file, standard library only.

As a module::

    scorer = load("model.json")             # ValueError says why a file is refused
    scorer.label("Your code is 123456")     # the label
    scorer.scores("Your code is 123456")    # {label: number}, the largest wins
    scorer.explain("Your code is 123456")   # the terms that decided

As a command: ``python nightsieve_scorer.py MODEL.json [--explain]`` reads one text a line, as hexadecimal UTF-16 units,
and writes one JSON object a line. It exits 2 when the arguments, the model or a line are refused.

The steps and their numbers are those of docs/format.md. A loaded scorer may be shared between threads.
"""

import json
import math
import os
import struct
import sys
import zlib
from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

FORMAT = "nightsieve-linear"
MAJOR, MINOR = 1, 0
REQUIREMENTS = frozenset()
ENTRIES = {
    "format",
    "version",
    "requires",
    "provenance",
    "labels",
    "tokens",
    "norm",
    "shifts",
    "limits",
}
ENTRIES |= {
    "term_frequency",
    "term_frequency_squared",
    "biases",
    "thresholds",
    "characters",
    "terms",
    "idf_squared",
    "weights",
    "self_test",
}
ENTRIES |= {"checksum"}
TAIL = len('"checksum": "01234567"\n}\n')
MOST_EXACT = 2**53 - 1
MOST_INTEGER = 2**31 - 1
MOST_BIAS = 2**52
MOST_TF = 2**20
LAST_CODE_POINT = 0x10FFFF
MOST_DEPTH = 100
MOST_SELF_TEST = 2**24
HEX_DIGITS = b"0123456789abcdef"


class Result(NamedTuple):
    """All that a text gives: tokens, the exact integers S (one a label) and N, scores in the order of labels, label."""

    tokens: list[str]
    S: list[int]
    N: int
    scores: list[float]
    label: str


class Term(NamedTuple):
    """A term of a text, how often it stands there, and what it adds to the label's lead over the runner-up."""

    term: str
    count: int
    advantage: float


class Explanation(NamedTuple):
    """Why a text has its label: what speaks for it, and (below 0) for the runner-up, the weightiest term first.

    ``decision`` is the label with thresholds; ``bias`` what the label leads by before any term is seen.
    """

    label: str
    decision: str
    runner_up: str
    bias: float
    terms: list[Term]


def load(model):
    """The `Scorer` of a model file, given by its path or as its bytes.

    Raises ValueError with the reason when the file is not one that this scorer understands in full.
    """
    if not isinstance(model, bytes):
        with open(model, "rb") as file:
            model = file.read()
    entries = _parse(model)
    _check(entries, model)
    scorer = Scorer(entries)
    _self_test(scorer, entries["self_test"])
    return scorer


class Scorer:
    """A loaded model."""

    def __init__(self, entries):
        tokens, shifts = entries["tokens"], entries["shifts"]
        self.labels = tuple(entries["labels"])
        self._characters = _Characters(**entries["characters"])
        self._min_token = tokens["min_token"]
        self._low, self._high = tokens["ngrams"]
        self._stop_words = frozenset(tokens["stop_words"])
        self._term_frequency = entries["term_frequency"]
        self._terms = entries["terms"]
        self._places = {term: place for place, term in enumerate(self._terms)}
        self._weights = [
            (*row, -sum(row)) for row in zip(*entries["weights"], strict=True)
        ]
        self._l2 = entries["norm"] == "l2"
        self._term_frequency_squared = entries["term_frequency_squared"]
        self._idf_squared = entries["idf_squared"]
        self._biases = [math.ldexp(bias, shifts["bias"]) for bias in entries["biases"]]
        self._thresholds = [
            math.ldexp(threshold, shifts["bias"]) for threshold in entries["thresholds"]
        ]
        self._bias_integers = entries["biases"]
        self._bias_unit = math.ldexp(1.0, shifts["bias"])
        self._score_unit = math.ldexp(1.0, shifts["score"])

    def label(self, text, thresholds=False):
        """The label with the largest score, less its threshold if ``thresholds`` count; among equals the first."""
        scores = self.evaluate(text).scores
        return self._decide(scores) if thresholds else self._winner(scores)

    def scores(self, text):
        """``{label: score}`` in the order of the labels."""
        return dict(zip(self.labels, self.evaluate(text).scores, strict=True))

    def tokens(self, text):
        """The tokens of the text that count, in order."""
        words = _join_surrogates(text).translate(self._characters).split(" ")
        return [
            word
            for word in words
            if len(word) >= self._min_token and word not in self._stop_words
        ]

    def evaluate(self, text):
        """The `Result` of a text."""
        tokens = self.tokens(text)
        S, N = self._sums(self._counts(tokens))
        scores = self._scores(S, N)
        return Result(tokens, S, N, scores, self._winner(scores))

    def explain(self, text):
        """The `Explanation` of a text."""
        counts = self._counts(self.tokens(text))
        S, N = self._sums(counts)
        scores = self._scores(S, N)
        label = scores.index(max(scores))
        runner_up = max(
            (k for k in range(len(scores)) if k != label), key=scores.__getitem__
        )
        leads = {}
        for place, count in counts.items():
            weights = self._weights[place]
            leads[place] = self._term_frequency[self._row(count)] * (
                weights[label] - weights[runner_up]
            )
        root = math.sqrt(N)
        terms = [
            Term(
                self._terms[place],
                counts[place],
                leads[place] / root * self._score_unit if N else 0.0,
            )
            for place in sorted(leads, key=lambda place: (-abs(leads[place]), place))
        ]
        bias = (
            self._bias_integers[label] - self._bias_integers[runner_up]
        ) * self._bias_unit
        return Explanation(
            self.labels[label],
            self._decide(scores),
            self.labels[runner_up],
            bias,
            terms,
        )

    def _counts(self, tokens):
        """How often each known term occurs, ``{place: count}``."""
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

    def _row(self, count):
        return min(count, len(self._term_frequency)) - 1

    def _sums(self, counts):
        S, N = [0] * len(self.labels), 0
        for place, count in counts.items():
            row = self._row(count)
            tf = self._term_frequency[row]
            for k, weight in enumerate(self._weights[place]):
                S[k] += tf * weight
            if self._l2:
                N += self._term_frequency_squared[row] * self._idf_squared[place]
        return S, N if self._l2 else 1

    def _scores(self, S, N):
        if not N:
            return list(self._biases)
        root, unit = math.sqrt(N), self._score_unit
        return [bias + s / root * unit for s, bias in zip(S, self._biases, strict=True)]

    def _winner(self, scores):
        return self.labels[scores.index(max(scores))]

    def _decide(self, scores):
        return self._winner(
            [
                score - threshold
                for score, threshold in zip(scores, self._thresholds, strict=True)
            ]
        )


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


def _parse(model):
    try:
        return json.loads(
            model.decode("ascii"),
            parse_float=_no_number,
            parse_int=_exact,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        _check_other(model)
        raise ValueError(f"not JSON as this format has it: {error!s:.200}") from None


def _check_other(model):
    """Refuses JSON of another format or version as such, since its numbers may follow other rules."""
    try:
        entries = json.loads(
            model.decode("latin-1"), parse_int=str, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        return
    _check_format(entries)


def _no_number(literal):
    raise ValueError(f"{literal:.30} is no integer without fraction and exponent")


def _exact(literal):
    if literal == "-0" or len(literal) > 17 or abs(int(literal)) > MOST_EXACT:
        raise ValueError(f"{literal:.30} is -0 or beyond 2^53 - 1")
    return int(literal)


def _once(pairs):
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object holds a key twice")
    return entries


def _check(entries, model):
    """Refuses what this scorer does not understand or what contradicts itself."""
    minor = _check_format(entries)
    _demand(
        _list_of(entries.get("requires"), _is_text), "requires is no list of strings"
    )
    unknown = sorted(set(entries["requires"]) - REQUIREMENTS)
    _demand(not unknown, f"requires {unknown!r:.100}, which this scorer does not know")
    missing, more = ENTRIES - set(entries), set(entries) - ENTRIES
    _demand(not missing, f"lacks {sorted(missing)}")
    _demand(not more or minor > MINOR, f"holds unknown entries: {sorted(more)!r:.100}")
    plain = all(_is_plain(entries[name], MOST_DEPTH) for name in more)
    _demand(
        plain, "an unknown entry holds true, false or null, or is nested too deeply"
    )
    # The last bytes alone do not tell: they are also those of a last key that ends with `\"checksum`.
    sealed = next(reversed(entries)) == "checksum" and model[-TAIL:] == _tail(
        model[:-TAIL]
    )
    _demand(sealed, "checksum: the file is not what was written")
    _check_provenance(entries["provenance"])
    _check_tokens(entries["tokens"])
    _check_characters(entries["characters"])
    _check_numbers(entries)
    _check_limits(entries)
    _check_self_test(entries)


def _check_format(entries):
    """Refuses another format or version; returns the minor version."""
    _demand(type(entries) is dict, "the file is no JSON object")
    _demand(entries.get("format") == FORMAT, f"format is not {FORMAT}")
    return _minor(entries.get("version"))


def _tail(content):
    return f'"checksum": "{zlib.crc32(content):08x}"\n}}\n'.encode()


def _is_plain(value, depth):
    if type(value) in (dict, list):
        within = value.values() if type(value) is dict else value
        return depth > 0 and all(_is_plain(inner, depth - 1) for inner in within)
    return depth > 0 and type(value) in (str, int)


def _minor(version):
    number, _, minor = version.partition(".") if type(version) is str else ("", "", "")
    known = (
        number == str(MAJOR)
        and minor.isascii()
        and minor.isdigit()
        and len(minor) < 9
        and str(int(minor)) == minor
    )
    _demand(known, f"version {version!r:.40} is not {MAJOR}.x, which this scorer reads")
    return int(minor)


def _check_provenance(provenance):
    values = provenance.values() if type(provenance) is dict else [None]
    plain = all(
        type(value) in (str, int) or _object_of_strings(value) for value in values
    )
    _demand(
        plain, "provenance is no object of strings, integers and objects of strings"
    )


def _object_of_strings(value):
    return type(value) is dict and all(type(string) is str for string in value.values())


def _check_tokens(tokens):
    _demand(
        _has(tokens, "min_token", "ngrams", "stop_words"),
        "tokens lacks an entry or has others",
    )
    _demand(
        _is_integer(tokens["min_token"], 1, 1000),
        "tokens.min_token is no integer from 1 to 1000",
    )
    fits = (
        _integers(tokens["ngrams"], 2, 1, 8)
        and tokens["ngrams"][0] <= tokens["ngrams"][1]
    )
    _demand(fits, "tokens.ngrams is not [lowest, highest] between 1 and 8")
    _demand(
        _list_of(tokens["stop_words"], _is_name),
        "tokens.stop_words is no list of strings",
    )


def _check_characters(characters):
    kinds = {"replace": 3, "drop": 2, "shift": 4, "keep": 2}
    _demand(_has(characters, *kinds), "characters lacks an entry or has others")
    for kind, length in kinds.items():
        ranges = characters[kind]
        shaped = _list_of(
            ranges,
            lambda found, length=length: type(found) is list and len(found) == length,
        )
        _demand(
            shaped and all(map(_is_range, ranges)),
            f"characters.{kind} holds what is no range of code points",
        )
        ascending = all(before[1] < after[0] for before, after in pairwise(ranges))
        _demand(ascending, f"characters.{kind}: ranges do not ascend or overlap")
    _demand(
        all(_is_name(found[2]) for found in characters["replace"]),
        "characters.replace holds what is no string",
    )
    _demand(
        all(map(_is_shift, characters["shift"])),
        "characters.shift: a step or delta is wrong",
    )


def _is_range(found):
    return (
        all(_is_integer(bound, 0, LAST_CODE_POINT) for bound in found[:2])
        and found[0] <= found[1]
    )


def _is_shift(found):
    first, last, step, delta = found
    if not _is_integer(step, 1, LAST_CODE_POINT) or not _is_integer(
        delta, -LAST_CODE_POINT, LAST_CODE_POINT
    ):
        return False
    inside = first + delta >= 0 and last + delta <= LAST_CODE_POINT
    return inside and (last + delta < 0xD800 or first + delta > 0xDFFF)


def _check_numbers(entries):
    for name, least in (("labels", 2), ("terms", 1)):
        strings = entries[name]
        fits = (
            _list_of(strings, _is_name)
            and len(strings) >= least
            and len(set(strings)) == len(strings)
        )
        _demand(fits, f"{name} is no list of at least {least} different strings")
    K, V, norm, weights = (
        len(entries["labels"]),
        len(entries["terms"]),
        entries["norm"],
        entries["weights"],
    )
    _demand(norm in ("l2", "none"), "norm is neither l2 nor none")
    shifts = entries["shifts"]
    fits = _has(shifts, "score", "bias") and all(
        _is_integer(shift, -200, 200) for shift in shifts.values()
    )
    _demand(fits, "shifts are not score and bias, from -200 to 200")
    T = len(entries["term_frequency"]) if type(entries["term_frequency"]) is list else 0
    _demand(1 <= T <= 65536, "term_frequency has no length from 1 to 65,536")
    tables = {
        "term_frequency": (T, MOST_TF),
        "term_frequency_squared": (T if norm == "l2" else 0, MOST_INTEGER),
    }
    for name, (length, most) in tables.items():
        table = entries[name]
        fits = _integers(table, length, 1, most) and all(
            a <= b for a, b in pairwise(table)
        )
        _demand(fits, f"{name} are not {length} integers from 1 on that never fall")
    for name in ("biases", "thresholds"):
        _demand(
            _integers(entries[name], K, -MOST_BIAS, MOST_BIAS),
            f"{name} are not {K} integers up to 2^52",
        )
    length = V if norm == "l2" else 0
    _demand(
        _integers(entries["idf_squared"], length, 0, MOST_INTEGER),
        f"idf_squared are not {length} integers",
    )
    rows = type(weights) is list and len(weights) == K - 1
    rows = rows and all(
        _integers(row, V, -MOST_INTEGER, MOST_INTEGER) for row in weights
    )
    _demand(rows, f"weights are not {K - 1} rows of {V} integers")


def _check_limits(entries):
    limits, l2 = entries["limits"], entries["norm"] == "l2"
    last = [-sum(row) for row in zip(*entries["weights"], strict=True)]
    _demand(
        max(map(abs, last)) <= MOST_INTEGER,
        "weights: those of the last label are beyond 2^31 - 1",
    )
    S = (
        max(sum(map(abs, row)) for row in [*entries["weights"], last])
        * entries["term_frequency"][-1]
    )
    N = sum(entries["idf_squared"]) * entries["term_frequency_squared"][-1] if l2 else 1
    shaped = _has(limits, "S", "N") and all(
        _is_integer(limit, 0, MOST_EXACT) for limit in limits.values()
    )
    _demand(shaped, "limits are not S and N, integers from 0 to 2^53 - 1")
    _demand(
        limits == {"S": S, "N": N},
        f"limits are not those of the weights, S {S} and N {N}",
    )
    _demand(
        max(S, N) <= MOST_EXACT,
        "limits are beyond 2^53 - 1, where doubles are no longer exact",
    )


def _check_self_test(entries):
    vectors, K = entries["self_test"], len(entries["labels"])
    _demand(type(vectors) is list and vectors != [], "self_test is no list of vectors")
    for place, vector in enumerate(vectors):
        shaped = _has(
            vector, "text", "tokens", "S", "N", "scores", "label"
        ) and _is_units(vector["text"])
        shaped = (
            shaped
            and _list_of(vector["tokens"], _is_text)
            and _integers(vector["S"], K, -MOST_EXACT, MOST_EXACT)
        )
        shaped = (
            shaped
            and _is_integer(vector["N"], 0, MOST_EXACT)
            and type(vector["label"]) is str
        )
        shaped = (
            shaped
            and _list_of(vector["scores"], _is_bits)
            and len(vector["scores"]) == K
        )
        _demand(shaped, f"self_test.{place} is no vector")
    units = sum(len(vector["text"]) // 4 for vector in vectors)
    longest = max(
        (
            len(found[2].encode("utf-16-le")) // 2
            for found in entries["characters"]["replace"]
        ),
        default=1,
    )
    _demand(
        units * longest <= MOST_SELF_TEST,
        "self_test: its texts become too long when mapped",
    )


def _self_test(scorer, vectors):
    for place, vector in enumerate(vectors):
        found = _outcome(scorer.evaluate(_text(vector["text"])))
        expected = {name: vector[name] for name in found}
        _demand(
            found == expected, f"self_test.{place}: this scorer gets another result"
        )


def _outcome(result):
    """The result as a line of the command has it."""
    return {
        **result._asdict(),
        "scores": [struct.pack(">d", score).hex() for score in result.scores],
    }


def _text(units):
    return bytes.fromhex(units).decode("utf-16-be", "surrogatepass")


def _is_units(value):
    return (
        _is_text(value)
        and len(value) % 4 == 0
        and not value.encode().translate(None, HEX_DIGITS)
    )


def _is_bits(value):
    return (
        _is_text(value)
        and len(value) == 16
        and not value.encode().translate(None, HEX_DIGITS)
    )


def _is_text(value):
    """A string without a lone surrogate; JSON has joined the pairs."""
    try:
        return type(value) is str and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_name(value):
    return _is_text(value) and value != ""


def _is_integer(value, low, high):
    return type(value) is int and low <= value <= high


def _integers(values, length, low, high):
    return (
        type(values) is list
        and len(values) == length
        and all(_is_integer(value, low, high) for value in values)
    )


def _list_of(values, belongs):
    return type(values) is list and all(map(belongs, values))


def _has(value, *keys):
    return type(value) is dict and set(value) == set(keys)


def _demand(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def main(arguments):
    """Scores the lines of standard input; returns the exit code."""
    options, paths = (
        [a for a in arguments if a.startswith("--")],
        [a for a in arguments if not a.startswith("--")],
    )
    if len(paths) != 1 or options not in ([], ["--explain"]):
        print(
            "usage: python nightsieve_scorer.py MODEL.json [--explain] < TEXTS",
            file=sys.stderr,
        )
        return 2
    try:
        scorer = load(paths[0])
    except (OSError, ValueError) as error:
        print(f"{paths[0]}: {error}", file=sys.stderr)
        return 2
    line_of = _explained if options else _scored
    try:
        return _score_lines(lambda text: line_of(scorer, text))
    except BrokenPipeError:
        # The reader has gone, as `head` does; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _score_lines(line_of):
    for number, line in enumerate(sys.stdin.buffer, start=1):
        units = line.rstrip(b"\n").removesuffix(b"\r")
        if len(units) % 4 or units.translate(None, HEX_DIGITS):
            sys.stdout.flush()
            print(
                f"line {number}: not UTF-16 units of four lower-case hexadecimal digits each",
                file=sys.stderr,
            )
            return 2
        print(json.dumps(line_of(_text(units.decode())), separators=(",", ":")))
    sys.stdout.flush()
    return 0


def _scored(scorer, text):
    return _outcome(scorer.evaluate(text))


def _explained(scorer, text):
    found = scorer.explain(text)._asdict()
    terms = [
        [term, count, struct.pack(">d", advantage).hex()]
        for term, count, advantage in found["terms"]
    ]
    return {**found, "bias": struct.pack(">d", found["bias"]).hex(), "terms": terms}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

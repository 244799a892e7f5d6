"""Score texts with an exported ``nightsieve-linear`` 1.x model.

One file that needs nothing but the standard library of Python 3.10 or later: copy it.

As a module::

    scorer = load("model.json")             # ValueError says why a file is refused
    scorer.label("Your code is 123456")     # the label
    scorer.scores("Your code is 123456")    # {label: score}, the largest wins
    scorer.explain("Your code is 123456")   # the terms that decided

As a command: ``python nightsieve_scorer.py MODEL.json [--explain]`` reads one text a
line, as hexadecimal UTF-16 units, and writes one JSON object a line. It exits 2 when
the arguments, the model or a line are refused.

The steps and their numbers are those of docs/format.md. A loaded scorer may be shared
between threads. In the examples below, ``model.json`` is the example of that page.
"""

import json
import math
import os
import struct
import sys
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

FORMAT = "nightsieve-linear"
MAJOR = 1
MINOR = 0
# Names that a file may list in "requires".
REQUIREMENTS: frozenset[str] = frozenset()
ENTRIES = frozenset(
    {
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
        "checksum",
    }
)
# The length of each range of characters: first and last code point, and what follows.
RANGE_LENGTHS = {"replace": 3, "drop": 2, "shift": 4, "keep": 2}
CHECKSUM_LENGTH = len('"checksum": "01234567"\n}\n')
MAX_EXACT = 2**53 - 1
MAX_INTEGER = 2**31 - 1
MAX_BIAS = 2**52
MAX_TERM_FREQUENCY = 2**20
MAX_TABLE_LENGTH = 65_536
MAX_MIN_TOKEN = 1000
MAX_NGRAM = 8
MAX_SHIFT = 200
MAX_DEPTH = 100
MAX_SELF_TEST_UNITS = 2**24
MAX_INTEGER_LITERAL = len(str(-MAX_EXACT))
MAX_MINOR_DIGITS = 8
LAST_CODE_POINT = 0x10FFFF
FIRST_SURROGATE = 0xD800
LAST_SURROGATE = 0xDFFF
HEX_DIGITS = b"0123456789abcdef"
HEX_DIGITS_OF_UNIT = 4
HEX_DIGITS_OF_DOUBLE = 16
REFUSED = 2  # the exit code

Json = Any  # a value as `json.loads` returns it


class Result(NamedTuple):
    """All that a text is evaluated to.

    Attributes
    ----------
    tokens
        The tokens of the text that count, in order.
    S
        An exact integer for each label.
    N
        The exact square of the text's length; 1 where the model has no norm.
    scores
        A score for each label, in the order of the labels.
    label
        The label with the largest score.
    """

    tokens: list[str]
    S: list[int]
    N: int
    scores: list[float]
    label: str


class Term(NamedTuple):
    """A known term of a text.

    Attributes
    ----------
    count
        How often the text contains the term.
    advantage
        What the term adds to the label's lead over the runner-up.
    """

    term: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which no Term needs
    advantage: float


class Explanation(NamedTuple):
    """Why a text has its label.

    Attributes
    ----------
    decision
        The label with thresholds.
    runner_up
        The label with the largest score of all others.
    bias
        What the label leads by before any term is counted.
    terms
        What speaks for the label, and (below 0) for the runner-up. The term with the
        largest advantage, whatever its sign, comes first.
    """

    label: str
    decision: str
    runner_up: str
    bias: float
    terms: list[Term]


def load(model: str | os.PathLike[str] | bytes) -> "Scorer":
    """Return the scorer of a model file.

    Parameters
    ----------
    model
        The path of the file, or its bytes.

    Raises
    ------
    ValueError
        This scorer does not understand the file in full; the message says why.

    Examples
    --------
    >>> load("model.json").labels
    ('chat', 'code')
    >>> load(b"{}")
    Traceback (most recent call last):
    ValueError: format: not nightsieve-linear
    """
    if isinstance(model, bytes):
        content = model
    else:
        with open(model, "rb") as file:
            content = file.read()
    entries = _parse(content)
    _check(entries, content)
    scorer = Scorer(entries)
    _run_self_test(scorer, entries["self_test"])
    return scorer


class Scorer:
    """A loaded model; `load` makes it.

    Attributes
    ----------
    labels
        Two or more; scores come in their order.
    terms
        The terms that have weights, in the order of the file.
    has_thresholds
        Whether a label has a threshold other than 0.
    """

    def __init__(self, entries: Json) -> None:
        tokens = entries["tokens"]
        shifts = entries["shifts"]
        bias_shift = shifts["bias"]
        self.labels: tuple[str, ...] = tuple(entries["labels"])
        self._characters = _Characters(**entries["characters"])
        self._min_token: int = tokens["min_token"]
        self._low, self._high = tokens["ngrams"]
        self._stop_words = frozenset(tokens["stop_words"])
        self._term_frequency: list[int] = entries["term_frequency"]
        self._term_frequency_squared: list[int] = entries["term_frequency_squared"]
        self.terms: tuple[str, ...] = tuple(entries["terms"])
        self._term_indices = {term: index for index, term in enumerate(self.terms)}
        # By term, then label. The file leaves out the last label: weights add up to 0.
        self._weights = [
            (*row, -sum(row)) for row in zip(*entries["weights"], strict=True)
        ]
        self._l2 = entries["norm"] == "l2"
        self._idf_squared: list[int] = entries["idf_squared"]
        self._bias_integers: list[int] = entries["biases"]
        self._biases = [math.ldexp(bias, bias_shift) for bias in entries["biases"]]
        self._thresholds = [
            math.ldexp(threshold, bias_shift) for threshold in entries["thresholds"]
        ]
        self.has_thresholds = any(self._thresholds)
        self._bias_unit = math.ldexp(1.0, bias_shift)
        self._score_unit = math.ldexp(1.0, shifts["score"])

    def label(self, text: str, thresholds: bool = False) -> str:
        """Return the label with the largest score, the first of equals.

        Parameters
        ----------
        thresholds
            Whether each label's threshold is taken from its score before that.

        Examples
        --------
        >>> load("model.json").label("The code: 1234")
        'code'
        """
        scores = self.evaluate(text).scores
        return self.decide(scores) if thresholds else self._winner(scores)

    def scores(self, text: str) -> dict[str, float]:
        """Return the score of each label, in the order of the labels.

        Examples
        --------
        >>> load("model.json").scores("The code: 1234")
        {'chat': -1.15, 'code': 1.4}
        """
        return dict(zip(self.labels, self.evaluate(text).scores, strict=True))

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of the text that count, in order.

        Examples
        --------
        >>> load("model.json").tokens("The code: 1234")
        ['code', '0000']
        """
        min_token = self._min_token
        stop_words = self._stop_words
        words = _join_surrogates(text).translate(self._characters).split(" ")
        return [
            word for word in words if len(word) >= min_token and word not in stop_words
        ]

    def evaluate(self, text: str) -> Result:
        """Return all that the text is evaluated to.

        Examples
        --------
        >>> result = load("model.json").evaluate("The code: 1234")
        >>> result.S, result.N
        ([-56, 56], 400)
        """
        return self.evaluate_tokens(self.tokens(text))

    def evaluate_tokens(self, tokens: list[str]) -> Result:
        """Return all that a text with these tokens is evaluated to.

        Examples
        --------
        >>> load("model.json").evaluate_tokens(["code", "0000"]).label
        'code'
        """
        sums, squared_length = self._sums(self._counts(tokens))
        scores = self._scores(sums, squared_length)
        return Result(tokens, sums, squared_length, scores, self._winner(scores))

    def decide(self, scores: Sequence[float]) -> str:
        """Return the label with thresholds of a text with these scores.

        Examples
        --------
        >>> scorer = load("model.json")
        >>> scorer.decide(scorer.evaluate("The code: 1234").scores)
        'code'
        """
        reduced_scores = [
            score - threshold
            for score, threshold in zip(scores, self._thresholds, strict=True)
        ]
        return self._winner(reduced_scores)

    def explain(self, text: str) -> Explanation:
        """Return why the text has its label.

        Examples
        --------
        >>> explanation = load("model.json").explain("The code: 1234")
        >>> explanation.label, explanation.runner_up, explanation.bias
        ('code', 'chat', -0.25)
        >>> for term in explanation.terms:
        ...     print(term)
        Term(term='code 0000', count=1, advantage=1.6)
        Term(term='0000', count=1, advantage=1.2)
        """
        return self.explain_tokens(self.tokens(text))

    def explain_tokens(
        self, tokens: list[str], label: str | None = None
    ) -> Explanation:
        """Return why a text with these tokens has its label.

        Parameters
        ----------
        label
            Explain this label, such as the decision; None explains the label with the
            largest score.

        Examples
        --------
        >>> load("model.json").explain_tokens(["code", "0000"]).label
        'code'
        """
        counts = self._counts(tokens)
        sums, squared_length = self._sums(counts)
        scores = self._scores(sums, squared_length)
        if label is None:
            label = self._winner(scores)
        winner = self.labels.index(label)
        others = [k for k in range(len(scores)) if k != winner]
        runner_up = max(others, key=scores.__getitem__)
        bias_lead = self._bias_integers[winner] - self._bias_integers[runner_up]
        return Explanation(
            label=label,
            decision=self.decide(scores),
            runner_up=self.labels[runner_up],
            bias=bias_lead * self._bias_unit,
            terms=self._explained_terms(counts, squared_length, winner, runner_up),
        )

    def _explained_terms(
        self, counts: dict[int, int], squared_length: int, winner: int, runner_up: int
    ) -> list[Term]:
        # Leads are exact integers, so terms are sorted before anything is rounded.
        leads = {}
        for index, count in counts.items():
            weights = self._weights[index]
            tf = self._term_frequency[self._row(count)]
            leads[index] = tf * (weights[winner] - weights[runner_up])

        def heaviest_first(index: int) -> tuple[int, int]:
            return -abs(leads[index]), index

        root = math.sqrt(squared_length)
        terms = []
        for index in sorted(leads, key=heaviest_first):
            advantage = 0.0
            if squared_length:
                advantage = leads[index] / root * self._score_unit
            terms.append(Term(self.terms[index], counts[index], advantage))
        return terms

    def _counts(self, tokens: list[str]) -> dict[int, int]:
        """Return how often each known term occurs, by the index of the term."""
        indices = self._term_indices
        counts: dict[int, int] = {}
        for n in range(self._low, self._high + 1):
            terms = tokens if n == 1 else _ngrams(tokens, n)
            for term in terms:
                index = indices.get(term)
                if index is not None:
                    counts[index] = counts.get(index, 0) + 1
        return counts

    def _row(self, count: int) -> int:
        """Return where the term-frequency tables hold a count."""
        return min(count, len(self._term_frequency)) - 1

    def _sums(self, counts: dict[int, int]) -> tuple[list[int], int]:
        """Return S, an integer for each label, and N."""
        sums = [0] * len(self.labels)
        squared_length = 0
        for index, count in counts.items():
            row = self._row(count)
            tf = self._term_frequency[row]
            for k, weight in enumerate(self._weights[index]):
                sums[k] += tf * weight
            if self._l2:
                tf_squared = self._term_frequency_squared[row]
                squared_length += tf_squared * self._idf_squared[index]
        if not self._l2:
            return sums, 1
        return sums, squared_length

    def _scores(self, sums: list[int], squared_length: int) -> list[float]:
        if not squared_length:
            return list(self._biases)
        root = math.sqrt(squared_length)
        unit = self._score_unit
        return [
            bias + total / root * unit
            for total, bias in zip(sums, self._biases, strict=True)
        ]

    def _winner(self, scores: list[float]) -> str:
        return self.labels[scores.index(max(scores))]


def _ngrams(tokens: list[str], n: int) -> Iterable[str]:
    return (" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


class _RangeTable(NamedTuple):
    """Ascending ranges of code points, and the first code point of each."""

    firsts: list[int]
    ranges: Sequence[Json]


class _Characters(dict[int, str]):
    """The character map as `str.translate` takes it, from code point to string.

    It is filled as characters occur.
    """

    def __init__(
        self,
        replace: Sequence[Json],
        drop: Sequence[Json],
        shift: Sequence[Json],
        keep: Sequence[Json],
    ) -> None:
        super().__init__()
        self._kinds = [
            _range_table(replace),
            _range_table(drop),
            _range_table(shift),
            _range_table(keep),
        ]

    def __missing__(self, code_point: int) -> str:
        string = self._lookup(code_point)
        self[code_point] = string
        return string

    def _lookup(self, code_point: int) -> str:
        replace, drop, shift, keep = (
            _covering(table, code_point) for table in self._kinds
        )
        if replace:
            return replace[2]
        if drop:
            return ""
        if shift:
            first, _, step, delta = shift
            if (code_point - first) % step == 0:
                return chr(code_point + delta)
        return chr(code_point) if keep else " "


def _range_table(ranges: Sequence[Json]) -> _RangeTable:
    return _RangeTable([range_[0] for range_ in ranges], ranges)


def _covering(table: _RangeTable, code_point: int) -> Json:
    """Return the range that contains the code point, or None."""
    firsts, ranges = table
    index = bisect_right(firsts, code_point) - 1
    return ranges[index] if index >= 0 and code_point <= ranges[index][1] else None


def _join_surrogates(text: str) -> str:
    """Join UTF-16 pairs to one code point, and replace lone surrogates by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


# Reading a file


def _parse(content: bytes) -> Json:
    try:
        return json.loads(
            content.decode("ascii"),
            parse_float=_refuse_number,
            parse_int=_exact_integer,
            parse_constant=_refuse_number,
            object_pairs_hook=_object_of_unique_keys,
        )
    except (ValueError, RecursionError) as error:
        _refuse_other_format(content)
        raise ValueError(
            f"the file: not the JSON of this format: {error!s:.200}"
        ) from None


def _refuse_other_format(content: bytes) -> None:
    """Refuse JSON of another format or version for that reason.

    Its numbers may follow other rules.
    """
    try:
        entries = json.loads(
            content.decode("latin-1"), parse_int=str, parse_constant=_refuse_number
        )
    except (ValueError, RecursionError):
        return
    _check_format(entries)


def _refuse_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal:.30} is not an integer without fraction and exponent")


def _exact_integer(literal: str) -> int:
    # The length comes first: Python does not convert an integer of any length.
    too_long = len(literal) > MAX_INTEGER_LITERAL
    if literal == "-0" or too_long or abs(int(literal)) > MAX_EXACT:
        raise ValueError(f"{literal:.30} is -0 or beyond 2^53 - 1")
    return int(literal)


def _object_of_unique_keys(pairs: list[tuple[str, Json]]) -> Json:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object has the same key twice")
    return entries


def _check(entries: Json, content: bytes) -> None:
    """Refuse what this scorer does not understand and what contradicts itself."""
    minor = _check_format(entries)
    _check_requirements(entries.get("requires"))
    _check_entry_names(entries, minor)
    _check_checksum(entries, content)
    _check_provenance(entries["provenance"])
    _check_tokens(entries["tokens"])
    _check_characters(entries["characters"])
    _check_names(entries["labels"], "labels", minimum=2)
    _check_names(entries["terms"], "terms", minimum=1)
    _check_norm_and_shifts(entries)
    _check_term_frequencies(entries)
    _check_numbers(entries)
    _check_limits(entries)
    _check_self_test(entries)


def _check_format(entries: Json) -> int:
    """Refuse another format or version; return the minor version."""
    _demand(isinstance(entries, dict), "the file: not a JSON object")
    _demand(entries.get("format") == FORMAT, f"format: not {FORMAT}")
    return _minor_version(entries.get("version"))


def _minor_version(version: Json) -> int:
    major = ""
    minor = ""
    if isinstance(version, str):
        major, _, minor = version.partition(".")
    is_number = minor.isascii() and minor.isdigit() and len(minor) <= MAX_MINOR_DIGITS
    _demand(
        major == str(MAJOR) and is_number and str(int(minor)) == minor,
        f"version: {version!r:.40} is not {MAJOR}.x; use a scorer of that version",
    )
    return int(minor)


def _check_requirements(requirements: Json) -> None:
    _demand(_is_list_of(requirements, _is_text), "requires: not a list of strings")
    unknown = sorted(set(requirements) - REQUIREMENTS)
    _demand(
        not unknown,
        f"requires: this scorer does not know {unknown!r:.100}; use a newer one",
    )


def _check_entry_names(entries: Json, minor: int) -> None:
    missing = sorted(ENTRIES - set(entries))
    unknown = sorted(set(entries) - ENTRIES)
    _demand(not missing, f"the file: lacks the entries {missing}")
    _demand(
        not unknown or minor > MINOR,
        f"the file: has the unknown entries {unknown!r:.100}",
    )
    _demand(
        all(_is_plain(entries[name], MAX_DEPTH) for name in unknown),
        "the file: an unknown entry holds true, false or null, or is nested more than "
        f"{MAX_DEPTH} deep",
    )


def _check_checksum(entries: Json, content: bytes) -> None:
    # The last bytes alone are no proof. A last key that ends with `\"checksum` ends
    # the file with the same bytes.
    is_last = next(reversed(entries)) == "checksum"
    checksum = zlib.crc32(content[:-CHECKSUM_LENGTH])
    last_bytes = f'"checksum": "{checksum:08x}"\n}}\n'.encode()
    _demand(
        is_last and content[-CHECKSUM_LENGTH:] == last_bytes,
        "checksum: the file is not what was written; copy it again",
    )


def _is_plain(value: Json, depth: int) -> bool:
    if depth <= 0:
        return False
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return all(_is_plain(item, depth - 1) for item in value)
    return _is_string_or_integer(value)


def _check_provenance(provenance: Json) -> None:
    _demand(
        isinstance(provenance, dict) and all(map(_is_origin, provenance.values())),
        "provenance: not an object of strings, integers and objects of strings",
    )


def _is_origin(value: Json) -> bool:
    if isinstance(value, dict):
        return all(map(_is_string, value.values()))
    return _is_string_or_integer(value)


def _check_tokens(tokens: Json) -> None:
    _demand(
        _has_keys(tokens, "min_token", "ngrams", "stop_words"),
        "tokens: must have min_token, ngrams and stop_words, and nothing else",
    )
    _demand(
        _is_integer(tokens["min_token"], 1, MAX_MIN_TOKEN),
        f"tokens.min_token: not an integer from 1 to {MAX_MIN_TOKEN}",
    )
    ngrams = tokens["ngrams"]
    _demand(
        _are_integers(ngrams, 2, 1, MAX_NGRAM) and ngrams[0] <= ngrams[1],
        f"tokens.ngrams: not [lowest, highest] between 1 and {MAX_NGRAM}",
    )
    _demand(
        _is_list_of(tokens["stop_words"], _is_name),
        "tokens.stop_words: not a list of non-empty strings",
    )


def _check_characters(characters: Json) -> None:
    _demand(
        _has_keys(characters, *RANGE_LENGTHS),
        "characters: must have replace, drop, shift and keep, and nothing else",
    )
    for kind, length in RANGE_LENGTHS.items():
        ranges = characters[kind]
        _demand(
            isinstance(ranges, list) and all(_is_range(r, length) for r in ranges),
            f"characters.{kind}: not a list of ranges of code points",
        )
        _demand(
            all(before[1] < after[0] for before, after in pairwise(ranges)),
            f"characters.{kind}: the ranges overlap or do not ascend",
        )
    _demand(
        all(_is_name(replacement) for _, _, replacement in characters["replace"]),
        "characters.replace: a replacement is not a non-empty string",
    )
    _demand(
        all(map(_is_shift, characters["shift"])),
        "characters.shift: a step or a delta is out of bounds",
    )


def _is_range(value: Json, length: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == length
        and _are_integers(value[:2], 2, 0, LAST_CODE_POINT)
        and value[0] <= value[1]
    )


def _is_shift(range_: Json) -> bool:
    first, last, step, delta = range_
    if not _is_integer(step, 1, LAST_CODE_POINT):
        return False
    if not _is_integer(delta, -LAST_CODE_POINT, LAST_CODE_POINT):
        return False
    if first + delta < 0 or last + delta > LAST_CODE_POINT:
        return False
    return last + delta < FIRST_SURROGATE or first + delta > LAST_SURROGATE


def _check_names(names: Json, entry: str, minimum: int) -> None:
    _demand(
        _is_list_of(names, _is_name)
        and len(names) >= minimum
        and len(set(names)) == len(names),
        f"{entry}: not a list of {minimum} or more different non-empty strings",
    )


def _check_norm_and_shifts(entries: Json) -> None:
    _demand(entries["norm"] in ("l2", "none"), "norm: neither l2 nor none")
    shifts = entries["shifts"]
    _demand(
        _has_keys(shifts, "score", "bias")
        and _are_integers(list(shifts.values()), 2, -MAX_SHIFT, MAX_SHIFT),
        f"shifts: not score and bias, integers from -{MAX_SHIFT} to {MAX_SHIFT}",
    )


def _check_term_frequencies(entries: Json) -> None:
    table = entries["term_frequency"]
    length = len(table) if isinstance(table, list) else 0
    _demand(
        1 <= length <= MAX_TABLE_LENGTH,
        f"term_frequency: must have from 1 to {MAX_TABLE_LENGTH:,} integers",
    )
    squared_length = length if entries["norm"] == "l2" else 0
    _check_table(entries, "term_frequency", length, MAX_TERM_FREQUENCY)
    _check_table(entries, "term_frequency_squared", squared_length, MAX_INTEGER)


def _check_table(entries: Json, name: str, length: int, maximum: int) -> None:
    table = entries[name]
    _demand(
        _are_integers(table, length, 1, maximum)
        and all(before <= after for before, after in pairwise(table)),
        f"{name}: not {length} integers from 1 to {maximum} that never fall",
    )


def _check_numbers(entries: Json) -> None:
    n_labels = len(entries["labels"])
    n_terms = len(entries["terms"])
    for name in ("biases", "thresholds"):
        _demand(
            _are_integers(entries[name], n_labels, -MAX_BIAS, MAX_BIAS),
            f"{name}: not {n_labels} integers from -2^52 to 2^52",
        )
    n_squares = n_terms if entries["norm"] == "l2" else 0
    _demand(
        _are_integers(entries["idf_squared"], n_squares, 0, MAX_INTEGER),
        f"idf_squared: not {n_squares} integers from 0 to 2^31 - 1",
    )
    weights = entries["weights"]
    has_rows = isinstance(weights, list) and len(weights) == n_labels - 1
    _demand(
        has_rows
        and all(
            _are_integers(row, n_terms, -MAX_INTEGER, MAX_INTEGER) for row in weights
        ),
        f"weights: not {n_labels - 1} rows of {n_terms} integers up to 2^31 - 1",
    )


def _check_limits(entries: Json) -> None:
    """Refuse limits that are not the largest sums that a text can have."""
    last_row = [-sum(column) for column in zip(*entries["weights"], strict=True)]
    _demand(
        max(map(abs, last_row)) <= MAX_INTEGER,
        "weights: one of the last label is beyond 2^31 - 1",
    )
    rows = [*entries["weights"], last_row]
    largest_sum = max(sum(map(abs, row)) for row in rows)
    largest = {"S": largest_sum * entries["term_frequency"][-1], "N": 1}
    if entries["norm"] == "l2":
        largest_square = entries["term_frequency_squared"][-1]
        largest["N"] = sum(entries["idf_squared"]) * largest_square
    limits = entries["limits"]
    _demand(
        _has_keys(limits, "S", "N")
        and _are_integers(list(limits.values()), 2, 0, MAX_EXACT),
        "limits: not S and N, integers from 0 to 2^53 - 1",
    )
    _demand(
        limits == largest,
        f"limits: not those of the weights, S {largest['S']} and N {largest['N']}",
    )
    _demand(
        max(largest.values()) <= MAX_EXACT,
        "limits: beyond 2^53 - 1, where doubles are no longer exact",
    )


def _check_self_test(entries: Json) -> None:
    vectors = entries["self_test"]
    _demand(
        isinstance(vectors, list) and vectors != [],
        "self_test: not a list of one or more vectors",
    )
    for index, vector in enumerate(vectors):
        _demand(
            _is_vector(vector, len(entries["labels"])),
            f"self_test.{index}: not a vector of this model",
        )
    # A file with long replacements must not make its reader fill the memory.
    n_units = sum(len(vector["text"]) // HEX_DIGITS_OF_UNIT for vector in vectors)
    replacement_units = [
        len(replacement.encode("utf-16-le")) // 2
        for _, _, replacement in entries["characters"]["replace"]
    ]
    _demand(
        n_units * max(replacement_units, default=1) <= MAX_SELF_TEST_UNITS,
        "self_test: its texts become too long when mapped",
    )


def _is_vector(vector: Json, n_labels: int) -> bool:
    return (
        _has_keys(vector, *Result._fields, "text")
        and _is_units(vector["text"])
        and _is_list_of(vector["tokens"], _is_text)
        and _are_integers(vector["S"], n_labels, -MAX_EXACT, MAX_EXACT)
        and _is_integer(vector["N"], 0, MAX_EXACT)
        and _is_list_of(vector["scores"], _is_double)
        and len(vector["scores"]) == n_labels
        and _is_string(vector["label"])
    )


def _run_self_test(scorer: Scorer, vectors: Json) -> None:
    for index, vector in enumerate(vectors):
        outcome = _outcome(scorer.evaluate(_text(vector["text"])))
        expected = {name: vector[name] for name in outcome}
        _demand(
            outcome == expected, f"self_test.{index}: this scorer gets another result"
        )


def _outcome(result: Result) -> Json:
    """Return the result as a line of the command has it."""
    scores = [_hexadecimal(score) for score in result.scores]
    return {**result._asdict(), "scores": scores}


def _hexadecimal(number: float) -> str:
    return struct.pack(">d", number).hex()


def _text(units: str) -> str:
    """Return the text of hexadecimal UTF-16 units."""
    return bytes.fromhex(units).decode("utf-16-be", "surrogatepass")


# What a value of a file is


def _is_units(value: Json) -> bool:
    return _is_hexadecimal(value) and len(value) % HEX_DIGITS_OF_UNIT == 0


def _is_double(value: Json) -> bool:
    return _is_hexadecimal(value) and len(value) == HEX_DIGITS_OF_DOUBLE


def _is_hexadecimal(value: Json) -> bool:
    return _is_text(value) and not value.encode().translate(None, HEX_DIGITS)


def _is_string(value: Json) -> bool:
    return isinstance(value, str)


def _is_string_or_integer(value: Json) -> bool:
    # Not isinstance: True and False are instances of int, too.
    return type(value) in (str, int)


def _is_text(value: Json) -> bool:
    """Return whether the value is a string without a lone surrogate.

    JSON has joined the surrogates that make a pair.
    """
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(value: Json) -> bool:
    return _is_text(value) and value != ""


def _is_integer(value: Json, minimum: int, maximum: int) -> bool:
    return type(value) is int and minimum <= value <= maximum


def _are_integers(values: Json, length: int, minimum: int, maximum: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == length
        and all(_is_integer(value, minimum, maximum) for value in values)
    )


def _is_list_of(values: Json, belongs: Callable[[Json], bool]) -> bool:
    return isinstance(values, list) and all(map(belongs, values))


def _has_keys(value: Json, *keys: str) -> bool:
    return isinstance(value, dict) and set(value) == set(keys)


def _demand(condition: bool, error: str) -> None:
    if not condition:
        raise ValueError(error)


# The command


def main(arguments: Sequence[str]) -> int:
    """Score the lines of standard input; return the exit code."""
    options = [argument for argument in arguments if argument.startswith("--")]
    paths = [argument for argument in arguments if not argument.startswith("--")]
    if len(paths) != 1 or options not in ([], ["--explain"]):
        print(
            "usage: python nightsieve_scorer.py MODEL.json [--explain] < TEXTS",
            file=sys.stderr,
        )
        return REFUSED
    try:
        scorer = load(paths[0])
    except (OSError, ValueError) as error:
        print(f"{paths[0]}: {error}", file=sys.stderr)
        return REFUSED
    try:
        return _score_lines(scorer, _explained_line if options else _scored_line)
    except BrokenPipeError:
        # The reader has gone, as `head` does. Without this, Python would complain a
        # second time when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _score_lines(scorer: Scorer, describe: Callable[[Scorer, str], Json]) -> int:
    for line_number, line in enumerate(sys.stdin.buffer, start=1):
        units = line.rstrip(b"\n").removesuffix(b"\r")
        if len(units) % HEX_DIGITS_OF_UNIT or units.translate(None, HEX_DIGITS):
            sys.stdout.flush()
            print(
                f"line {line_number}: not UTF-16 units of four lower-case hexadecimal "
                "digits each",
                file=sys.stderr,
            )
            return REFUSED
        description = describe(scorer, _text(units.decode()))
        print(json.dumps(description, separators=(",", ":")))
    sys.stdout.flush()
    return 0


def _scored_line(scorer: Scorer, text: str) -> Json:
    return _outcome(scorer.evaluate(text))


def _explained_line(scorer: Scorer, text: str) -> Json:
    explanation = scorer.explain(text)
    terms = [
        [term, count, _hexadecimal(advantage)]
        for term, count, advantage in explanation.terms
    ]
    bias = _hexadecimal(explanation.bias)
    return {**explanation._asdict(), "bias": bias, "terms": terms}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

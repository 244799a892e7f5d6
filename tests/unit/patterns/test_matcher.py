"""A matcher finds what `re` finds: every pattern, every text, whatever the strategy."""

import dataclasses
import itertools
import re
import subprocess
import sys

import hyperscan
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.patterns import (
    Matcher,
    MatchStrategy,
    Pattern,
    PatternDatabase,
    PatternTimeout,
    compile_patterns,
    database,
)
from pipeline.rules import rule_patterns
from pipeline.rules.files import read_rules
from tests.support import ROOT
from tests.support.texts import texts as every_kind_of_text
from tests.unit.patterns.public_patterns import patterns, texts

COMPILE_TIMEOUT = 10
SEARCH_TIMEOUT = 1
NEVER_COMPILES = (
    r"<[^>]{1,1000}onMouseOver=[^>]{1,1000}window\.status=|"
    "\u0915{1,900}\u0916{1,900}[^>]{1,900}x{3,900}y"
)


def pattern_set(*expressions: str, field: str = "body") -> list[Pattern]:
    return [
        Pattern(f"p{index}", field, expression)
        for index, expression in enumerate(expressions)
    ]


def messages(
    bodies: list[str], senders: list[str | None] | None = None
) -> pd.DataFrame:
    table = pd.DataFrame({"body": bodies, "sender": senders or [None] * len(bodies)})
    return table.astype({"body": "str", "sender": "str"})


def matches_with(
    compiled: PatternDatabase,
    pattern_list: list[Pattern],
    table: pd.DataFrame,
    search_timeout: float = SEARCH_TIMEOUT,
) -> np.ndarray:
    matcher = Matcher(pattern_list, compiled, search_timeout=search_timeout)
    return matcher.matches(table).toarray()


def matches(
    pattern_list: list[Pattern],
    table: pd.DataFrame,
    search_timeout: float = SEARCH_TIMEOUT,
) -> np.ndarray:
    content = compile_patterns(pattern_list, COMPILE_TIMEOUT).to_bytes()
    compiled = PatternDatabase.from_bytes(content)
    return matches_with(compiled, pattern_list, table, search_timeout)


def expected_matches(pattern_list: list[Pattern], table: pd.DataFrame) -> np.ndarray:
    """Return the matches by definition: one search for each pattern and message."""
    expected = np.zeros((len(table), len(pattern_list)), dtype=bool)
    for column, pattern in enumerate(pattern_list):
        for row, text in enumerate(table[pattern.field].astype(object)):
            if not pd.isna(text):
                match = re.search(pattern.expression, text, re.IGNORECASE)
                expected[row, column] = match is not None
    return expected


# Compiling is too slow for shrinking. The failure names what differs.
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(patterns, min_size=1, max_size=3)
    | st.lists(patterns, min_size=8, max_size=16),
    st.lists(texts, min_size=8, max_size=20),
    st.sampled_from(["body", "sender"]),
)
def test_any_pattern_matches_any_text_that_re_matches(expressions, bodies, field):
    pattern_list = pattern_set(*expressions, "never in any text", field=field)
    table = messages(bodies, [*bodies[1:], None])
    matched = matches(pattern_list, table)
    differing = np.argwhere(matched != expected_matches(pattern_list, table))
    assert not [
        (pattern_list[column].expression, table[field][row])
        for row, column in differing
    ]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        # Hyperscan's $ matches before a line end, and before no other white space.
        (r"win\s+cash$", "win cash\xa0"),
        (r"foo$|a[\n\u2028]b", "foo\u2028"),
        (r"(?a)x(?u:\w)", "xé"),  # an inner flag replaces the outer one
        (r"(?a:q(?u:[^\W]))", "qé"),
        (r"(?u:\w)(?a:\w)", "éé"),
        ("(?:" * 280 + "a" + ")" * 280, "a"),
        ("|".join(f"{i:09}" for i in range(320)), "000000319"),
    ],
)
def test_one_pattern_alone_matches_where_re_matches(expression, text):
    pattern_list = pattern_set(expression)
    table = messages([text, f"{text}\n", f"{text}\n\n", f"- {text} -", ""])
    np.testing.assert_array_equal(
        matches(pattern_list, table), expected_matches(pattern_list, table)
    )


@pytest.mark.parametrize("length", [3, 24, 27, 40, 200])
def test_hyperscan_finds_what_is_there_in_long_texts_too(length):
    # Its releases 0.7.30 to 0.9.1 do not, beyond 24.
    expression = rb"\b(?:KHE7|I[ab]NN97|4EHL[3y][Jp]DA)\x20(?:[0-9A-Z]{1,8}\x20)?5NC\b"
    ends: list[int] = []

    def on_match(_id: int, _start: int, end: int, _flags: int, _context: object):
        ends.append(end)

    hyperscan_database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    hyperscan_database.compile(
        expressions=[expression],
        ids=[0],
        elements=1,
        flags=[hyperscan.HS_FLAG_SINGLEMATCH],
    )
    hyperscan_database.scan(
        b"!" * length + b"KHE7 5NC",
        match_event_handler=on_match,
    )
    assert ends == [length + 8]


def test_a_long_list_of_words_is_left_to_hyperscan():
    words = "|".join(f"word{i:06}" for i in range(1_000))
    compiled = compile_patterns(pattern_set(words), COMPILE_TIMEOUT)
    assert compiled.strategies[0].strategy is MatchStrategy.HYPERSCAN


@pytest.mark.parametrize("others", [0, 1, 30])
def test_a_pattern_that_does_not_compile_in_time_needs_re(monkeypatch, others):
    pattern_list = pattern_set(NEVER_COMPILES, *["free"] * others)
    monkeypatch.setattr(database, "SECONDS_PER_PATTERN", 0.005)
    compiled = compile_patterns(pattern_list, 0.2)
    first = compiled.strategies[0]
    assert first.strategy in (MatchStrategy.PREFILTER, MatchStrategy.FALLBACK)
    assert "0.2 s" in first.reason
    table = messages(
        ["<a onMouseOver=b window.status=", "FREE", "", "<onmouseover=window.status="]
    )
    np.testing.assert_array_equal(
        matches_with(compiled, pattern_list, table, search_timeout=5),
        expected_matches(pattern_list, table),
    )


def test_fallbacks_are_named_with_their_reason_the_expensive_ones_first():
    pattern_list = pattern_set("free", r"a\Bb", r"(?=a)", "(x)\\1", "win")
    fallbacks = compile_patterns(pattern_list, COMPILE_TIMEOUT).fallbacks()
    assert [(pattern.id, pattern.strategy) for pattern in fallbacks] == [
        ("p2", "fallback"),
        ("p1", "prefilter"),
        ("p3", "prefilter"),
    ]
    assert fallbacks[0].reason == "nothing in it can be left to Hyperscan"
    assert fallbacks[2].reason == "groupref needs re"


def test_a_database_survives_its_bytes():
    compiled = compile_patterns(
        [*pattern_set("free", r"a\Bb"), Pattern("s", "sender", "^ax")], COMPILE_TIMEOUT
    )
    copy = PatternDatabase.from_bytes(compiled.to_bytes())
    assert copy.strategies == compiled.strategies
    assert copy.databases == compiled.databases
    assert len(copy.databases) == 2
    for table, expected in zip(copy.byte_tables, compiled.byte_tables, strict=True):
        np.testing.assert_array_equal(table, expected)
    assert copy.to_bytes() == compiled.to_bytes()


def test_patterns_in_another_order_than_compiled_are_refused():
    pattern_list = pattern_set("free", "win")
    compiled = compile_patterns(pattern_list, COMPILE_TIMEOUT)
    with pytest.raises(ValueError, match="compiled from other patterns"):
        matches_with(compiled, pattern_list[::-1], messages(["free"]))


def test_catastrophic_backtracking_costs_hyperscan_nothing():
    table = messages(["a" * 5_000 + "b"])
    assert not matches(pattern_set(r"(a+)+$"), table).any()


def test_catastrophic_backtracking_of_re_ends_with_the_id_and_without_the_text():
    pattern_list = pattern_set("hello", r"(?=(a+)+$)a")
    with pytest.raises(
        PatternTimeout, match=r"did not end in 0\.2 s\ncatastrophic"
    ) as failure:
        matches(pattern_list, messages(["a" * 40 + "b"]), search_timeout=0.2)
    assert failure.value.pattern_id == "p1"
    assert "aaa" not in str(failure.value)


def test_searches_that_each_end_in_time_have_an_end_together():
    pattern_list = pattern_set("hello", r"(?=(a+)+$)a")
    table = messages([f"{'a' * 16}b{i}" for i in range(2_000)])
    with pytest.raises(
        PatternTimeout, match="its searches took more than 4 s in all"
    ) as failure:
        matches(pattern_list, table, search_timeout=0.1)
    assert failure.value.pattern_id == "p1"


def test_scripts_with_more_letters_than_word_bytes_use_other_bytes_or_a_prefilter():
    words = [
        "नमस्ते",
        "बैंक",
        "मुफ़्त",
        "খাতা",
        "உங்கள்",
        "חשבון",
        "رمز",
        "Счёт",
        "λογαριασμός",
        "账户",
        "口座",
        "บัญชี",
    ]
    blocks = [
        f"\\b[{chr(first)}-{chr(first + 40)}]{chr(first + 7)}"
        for first in range(0x4E00, 0x5A00, 40)
    ]
    pattern_list = pattern_set(
        *words,
        *(f"\\b{word[0]}{word[1:3]}+" for word in words),
        r"[^\W\d_]{5}",
        *blocks,
    )
    table = messages(
        [
            *words,
            *map(str.upper, words),
            " ".join(words),
            *(word[::-1] for word in words),
        ]
    )
    compiled = compile_patterns(pattern_list, COMPILE_TIMEOUT)
    strategies = [pattern.strategy for pattern in compiled.strategies]
    assert set(strategies) == {MatchStrategy.HYPERSCAN, MatchStrategy.PREFILTER}
    assert set(strategies[: len(words)]) == {MatchStrategy.HYPERSCAN}
    np.testing.assert_array_equal(
        matches_with(compiled, pattern_list, table),
        expected_matches(pattern_list, table),
    )


def test_a_database_of_another_engine_is_never_loaded(monkeypatch):
    pattern_list = pattern_set("free", r"\bwin\b")
    compiled = compile_patterns(pattern_list, COMPILE_TIMEOUT)
    foreign = dataclasses.replace(compiled, engine="hyperscan 9, AVX512, x86_64")
    monkeypatch.setattr(hyperscan, "loadb", None)
    with pytest.raises(ValueError, match=r"compiled by hyperscan 9, AVX512, x86_64"):
        Matcher(pattern_list, foreign, search_timeout=SEARCH_TIMEOUT)


def test_the_pack_matches_in_messages_of_every_kind_what_re_matches():
    pattern_list = list(rule_patterns(read_rules(ROOT / "config" / "rules")))
    short_texts = filter(is_short, every_kind_of_text(20_000))
    bodies = list(dict.fromkeys(itertools.islice(short_texts, 2_000)))
    senders = ["AX-PARCEL", "+447700900123", "80888", None]
    table = messages(bodies, [senders[row % 4] for row in range(len(bodies))])
    matched = matches(pattern_list, table)
    assert matched.any(axis=1).mean() > 0.5
    assert not (matched != expected_matches(pattern_list, table)).any()


def is_short(text: str) -> bool:
    """Return whether the text is short and without a lone surrogate."""
    return len(text) < 200 and text.encode(errors="ignore").decode() == text


def test_patterns_know_neither_rules_nor_settings():
    code = (
        "import sys; from pipeline.patterns import Matcher, compile_patterns; "
        "sys.exit(bool({'pipeline.config', 'pipeline.rules'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False)
    assert run.returncode == 0

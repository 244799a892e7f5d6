"""The engine finds what `re` finds: every pattern, every text, whatever way a rule is found."""

import dataclasses
import itertools
import re

import hyperscan
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.config.settings import Engine as EngineSettings
from pipeline.config.settings import Labelling, Resolution, Rule
from pipeline.errors import DataError
from pipeline.patterns import database as compiled_rules
from pipeline.patterns.database import CompiledRules, compile_rules
from pipeline.patterns.matcher import Engine
from pipeline.rules.files import read_pack
from tests.conftest import ROOT
from tests.scorers.texts import texts as every_kind_of_text
from tests.unit.patterns.public_patterns import patterns, texts

LIMITS = EngineSettings(compile_timeout_seconds=10, search_timeout_seconds=1)
RESOLUTION = Resolution(method="majority", min_confidence=0, soft_labels=False)
NEVER_COMPILES = r"<[^>]{1,1000}onMouseOver=[^>]{1,1000}window\.status=|\u0915{1,900}\u0916{1,900}[^>]{1,900}x{3,900}y"


def labelling(
    *found: str, field: str = "body", limits: EngineSettings = LIMITS
) -> Labelling:
    """A rule for each pattern."""
    rules = [
        Rule(
            id=f"r{n}",
            label=("spam", "personal")[n % 2],
            pattern=pattern,
            why="test",
            field=field,
        )
        for n, pattern in enumerate(found)
    ]
    return Labelling(
        rules=(*rules, *_two_labels()), engine=limits, resolution=RESOLUTION
    )


def _two_labels() -> list[Rule]:
    return [
        Rule(id=label, label=label, pattern="never in any text", why="test")
        for label in ("spam", "personal")
    ]


def messages(
    bodies: list[str], senders: list[str | None] | None = None
) -> pd.DataFrame:
    table = pd.DataFrame({"body": bodies, "sender": senders or [None] * len(bodies)})
    return table.astype({"body": "str", "sender": "str"})


def matches(settings: Labelling, table: pd.DataFrame) -> np.ndarray:
    compiled = CompiledRules.from_bytes(
        compile_rules(
            settings.rules, settings.engine.compile_timeout_seconds
        ).to_bytes()
    )
    return Engine(settings, compiled).matches(table).toarray()


def slowly(settings: Labelling, table: pd.DataFrame) -> np.ndarray:
    """The definition: one search a rule and message."""
    fields = {
        field: table[field].astype(object).where(table[field].notna(), None)
        for field in ("body", "sender")
    }
    found = [
        [
            text is not None
            and re.search(rule.pattern, text, re.IGNORECASE) is not None
            for text in fields[rule.field]
        ]
        for rule in settings.rules
    ]
    return np.array(found, dtype=bool).T.reshape(len(table), len(settings.rules))


# Compiling is too slow for shrinking; what differs is named.
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(patterns, min_size=1, max_size=3)
    | st.lists(patterns, min_size=8, max_size=16),
    st.lists(texts, min_size=8, max_size=20),
    st.sampled_from(["body", "sender"]),
)
def test_any_pattern_is_found_in_any_text_where_re_finds_it(found, bodies, field):
    rules = labelling(*found, field=field)
    table = messages(bodies, [*bodies[1:], None])
    differing = np.argwhere(matches(rules, table) != slowly(rules, table))
    assert not [
        (rules.rules[rule].pattern, table[field][row]) for row, rule in differing
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (
            r"win\s+cash$",
            "win cash\xa0",
        ),  # the engine's $ stands before a line end, which no other blank is
        (r"foo$|a[\n\u2028]b", "foo\u2028"),
        (r"(?a)x(?u:\w)", "xé"),  # an inner flag replaces the outer one
        (r"(?a:q(?u:[^\W]))", "qé"),
        (r"(?u:\w)(?a:\w)", "éé"),
        ("(?:" * 280 + "a" + ")" * 280, "a"),
        ("|".join(f"{number:09}" for number in range(320)), "000000319"),
    ],
)
def test_one_pattern_alone_is_found_where_re_finds_it(pattern, text):
    rules, table = (
        labelling(pattern),
        messages([text, f"{text}\n", f"{text}\n\n", f"- {text} -", ""]),
    )
    np.testing.assert_array_equal(matches(rules, table), slowly(rules, table))


@pytest.mark.parametrize("length", [3, 24, 27, 40, 200])
def test_hyperscan_finds_what_is_there_in_long_texts_too(length):
    # Its releases 0.7.30 to 0.9.1 do not, beyond 24.
    pattern = rb"\b(?:KHE7|I[ab]NN97|4EHL[3y][Jp]DA)\x20(?:[0-9A-Z]{1,8}\x20)?5NC\b"
    found = []
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[pattern],
        ids=[0],
        elements=1,
        flags=[hyperscan.HS_FLAG_SINGLEMATCH],
    )
    database.scan(
        b"!" * length + b"KHE7 5NC",
        match_event_handler=lambda *match: found.append(match),
    )
    assert found


def test_a_long_list_of_words_is_for_the_engine():
    rules = labelling("|".join(f"word{number:06}" for number in range(1_000)))
    assert compile_rules(rules.rules, 10).ways[0] == "exact"


@pytest.mark.parametrize("others", [0, 1, 30])
def test_a_pattern_that_does_not_compile_in_time_is_searched_for(monkeypatch, others):
    found = (NEVER_COMPILES, *("free" for _ in range(others)))
    limits = EngineSettings(compile_timeout_seconds=0.2, search_timeout_seconds=5)
    rules = labelling(*found, limits=limits)
    monkeypatch.setattr(compiled_rules, "SECONDS_TOGETHER", 0.005)
    compiled = compile_rules(rules.rules, limits.compile_timeout_seconds)
    assert (
        compiled.ways[0] in ("confirmed", "searched") and "0.2 s" in compiled.reasons[0]
    )
    table = messages(
        ["<a onMouseOver=b window.status=", "FREE", "", "<onmouseover=window.status="]
    )
    np.testing.assert_array_equal(
        Engine(rules, compiled).matches(table).toarray(), slowly(rules, table)
    )


def test_catastrophic_backtracking_costs_the_engine_nothing():
    assert not matches(labelling(r"(a+)+$"), messages(["a" * 5_000 + "b"])).any()


def test_catastrophic_backtracking_of_re_ends_by_the_name_of_the_rule_and_without_the_text():
    rules = labelling("hello", r"(?=(a+)+$)a")
    with pytest.raises(
        DataError, match=r"rule r1: .* did not end in 0.2 s\ncatastrophic"
    ) as failure:
        matches(
            rules.model_copy(
                update={
                    "engine": EngineSettings(
                        compile_timeout_seconds=5, search_timeout_seconds=0.2
                    )
                }
            ),
            messages(["a" * 40 + "b"]),
        )
    assert "aaa" not in str(failure.value)


def test_searches_that_each_end_in_time_have_an_end_together():
    rules = labelling(
        "hello",
        r"(?=(a+)+$)a",
        limits=EngineSettings(compile_timeout_seconds=5, search_timeout_seconds=0.1),
    )
    with pytest.raises(
        DataError, match=r"rule r1: its searches took more than 4 s in all"
    ):
        matches(rules, messages([f"{'a' * 16}b{number}" for number in range(2_000)]))


def test_scripts_with_more_letters_than_bytes_of_words_get_other_bytes_or_are_confirmed():
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
    rules = labelling(
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
    compiled = compile_rules(rules.rules, 10)
    assert {"exact", "confirmed"} == set(compiled.ways) and set(
        compiled.ways[: len(words)]
    ) == {"exact"}
    np.testing.assert_array_equal(
        Engine(rules, compiled).matches(table).toarray(), slowly(rules, table)
    )


def test_a_database_of_another_processor_is_compiled_anew():
    rules = labelling("free", r"\bwin\b")
    compiled = compile_rules(rules.rules, 10)
    databases = tuple(
        dataclasses.replace(each, content=each.content[:-8])
        for each in compiled.databases
    )
    foreign = dataclasses.replace(compiled, databases=databases)
    table = messages(["free", "to win", "winner"])
    np.testing.assert_array_equal(
        Engine(rules, foreign).matches(table).toarray(), slowly(rules, table)
    )


def test_the_pack_finds_in_messages_of_every_kind_what_re_finds():
    pack = tuple(written.rule() for written in read_pack(ROOT / "config" / "rules"))
    rules = Labelling(rules=pack, engine=LIMITS, resolution=RESOLUTION)
    short = (
        text
        for text in every_kind_of_text(20_000)
        if len(text) < 200 and text.encode(errors="ignore").decode() == text
    )
    bodies = list(dict.fromkeys(itertools.islice(short, 2_000)))
    table = messages(
        bodies,
        [
            ["AX-PARCEL", "+447700900123", "80888", None][n % 4]
            for n in range(len(bodies))
        ],
    )
    found = matches(rules, table)
    assert found.any(axis=1).mean() > 0.5
    assert not (found != slowly(rules, table)).any()

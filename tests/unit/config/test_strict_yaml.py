"""YAML within bounds: bombs are refused in a line, and what is read is what it says."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import strict_yaml
from pipeline.errors import ConfigError
from pipeline.rules.files import read_rules

NINE = ", ".join(["*{0}"] * 9)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{NINE.format(before)}]\n"
    for before, after in zip("abcdefghij", "bcdefghijk", strict=True)
)
LONG = "x" * 100_000
KEYS = "".join(f"k{number}: 1\n" for number in range(60_000))
REFUSED = {
    "alias bomb": (BOMB, "holds more than 150,000 values"),
    "long aliases": (f"[&a {LONG}{', *a' * 60}]", "or 4 MB of them"),
    "list in itself": ("a: &a [1, *a]", "an alias refers to the value that it is in"),
    "mapping in itself": ("&a {b: *a}", "an alias refers to the value that it is in"),
    "deep in itself": (
        "text: &a {b: [{c: *a}]}",
        "an alias refers to the value that it is in",
    ),
    "unknown alias": ("a: *hunter2", "an alias has no anchor before it"),
    "anchor twice": ("[&a 1, &a 2]", "an anchor is defined twice"),
    "large": ("a: 1\n" * 1_560_000, "larger than 4 MB; use several files"),
    "many values": ("- 1\n" * 900_000, "holds more than 150,000 values"),
    "many keys": (f"{KEYS}{KEYS}", "the key 'k0' is repeated"),
    "deep list": ("[" * 1_000_000, "nested deeper than 32 levels"),
    "deep dashes": ("- " * 1_000_000, "nested deeper than 32 levels"),
    "deep mapping": ("{a: " * 500_000, "nested deeper than 32 levels"),
    "merge key": ("{<<: {a: 1}, b: 2}", "merge keys (<<) are not supported"),
    "merged anchor": ("a: &a {b: 1}\nc: {<<: *a}", "merge keys (<<) are not supported"),
    "python tag": ("!!python/object/apply:os.system [id]", "has a tag (!); remove it"),
    "text tag": ("a: !!str 5", "has a tag (!); remove it"),
    "own tag": ("a: !hunter2 5", "has a tag (!); remove it"),
    "huge number": (f"a: {'9' * 5_000}", "not a number that can be read"),
    "many sixties": (f"a: {'1:' * 1_000_000}1", "not a number that can be read"),
    "no digits": ("a: 0x_", "not a number that can be read"),
    "two documents": ("a: 1\n---\na: 2", "holds several documents; keep one"),
    "repeated": ("hunter2 $: 1\nhunter2 $: 2", "a key is repeated; keep one"),
    "latin-1": ("a: \u00e9".encode("latin-1"), "not YAML: 'utf-8' codec can't decode"),
    "surrogate": ("a: \ud800", "not YAML: 'utf-8' codec can't encode"),
    "NUL": ("a: \0", "not YAML: unacceptable character #x0000"),
    "tab": ("a:\n\t- 1", "line 2, column 1: not YAML: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_in_one_line_within_seconds(name):
    content, problem = REFUSED[name]
    start = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        strict_yaml.load(content, "overlay.yaml")
    # Each takes less than a second on an idle machine.
    assert time.monotonic() - start < 5
    message = str(refused.value)
    assert problem in message
    assert message.startswith("overlay.yaml")
    assert "\n" not in message
    assert len(message) < 200
    assert "hunter2" not in message


def test_a_file_without_an_end_is_not_read_to_its_end():
    with pytest.raises(ConfigError, match="/dev/zero: larger than 4 MB"):
        strict_yaml.read_file(strict_yaml.Path("/dev/zero"))


def test_aliases_and_plain_values_mean_what_they_say():
    text = """
one: &one {a: 1}
again: *one
&key name: [&text hello, *text, *key]
quoted: ['<<', "=", '1', "2026-11-20"]
plain: [=, 2026-11-20, 1e-3, 1.5, 0x1f, yes, ~, 12:30:00, -.inf]
"""
    assert strict_yaml.load(text, "overlay.yaml") == {
        "one": {"a": 1},
        "again": {"a": 1},
        "name": ["hello", "hello", "name"],
        "quoted": ["<<", "=", "1", "2026-11-20"],
        "plain": [
            "=",
            "2026-11-20",
            0.001,
            1.5,
            31,
            True,
            None,
            45000,
            float("-inf"),
        ],
    }
    assert strict_yaml.load("# nothing", "overlay.yaml") is None


def is_no_exponent(text: str) -> bool:
    """Return whether PyYAML writes the text so that it stays text: not so 1e3."""
    return not text[:1].isdigit() and text[:1] not in ("+", "-")


TEXTS = st.text(st.characters(codec="utf-8")).filter(is_no_exponent)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(VALUES, st.booleans())
def test_what_is_written_is_read(value, flow):
    text = yaml.safe_dump(value, default_flow_style=flow)
    assert strict_yaml.load(text, "overlay.yaml") == value


class TextKeysLoader(yaml.SafeLoader):
    """The parser in Python, whose keys are text as they are written."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                key_node.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab12:-?[]{},&*!|>'\"%@#< \n\t.~"), max_size=40))
def test_any_text_is_read_as_the_parser_in_python_reads_it_or_refused(text):
    try:
        value = strict_yaml.load(text, "overlay.yaml")
    except ConfigError:
        return
    try:
        expected = yaml.load(text, Loader=TextKeysLoader)
    except yaml.YAMLError:
        return
    assert repr(value) == repr(expected)


def test_a_pack_of_5000_rules_in_one_file_is_read_in_seconds(tmp_path):
    entries = [
        {
            "id": f"rule-{number}",
            "pattern": rf"\b(?:free|prize)\s+{number}\b",
            "why": "One of many.",
            "matches": [f"a free {number} for you"],
            "near_misses": ["nothing is free here"],
        }
        for number in range(5_000)
    ]
    (tmp_path / "spam.yaml").write_text(yaml.safe_dump(entries))
    start = time.monotonic()
    assert len(read_rules(tmp_path)) == 5_000
    # It takes half a second on an idle machine.
    assert time.monotonic() - start < 10

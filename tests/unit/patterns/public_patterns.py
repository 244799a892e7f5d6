"""Patterns from a grammar of what `re` knows.

The texts make these patterns match differently in engines for bytes.
"""

import re
import warnings

from hypothesis import strategies as st

# Letters with odd cases, words of several scripts, digits and white space beyond ASCII,
# marks, and characters beyond the basic plane.
CHARACTERS = (
    "aBkKsSiI\u017f\u212a\u0130\u0131éÉßẞσςΣ\u01c5中नि٣Ⅷ_0 \t\n\r\x85\u2028\xa0"
    ".-\u0301\u200d🙂𐐀𐐨\0\xff"
)
texts = st.text(
    st.sampled_from(CHARACTERS) | st.characters(exclude_categories=["Cs"]), max_size=12
)

_literals = st.sampled_from(CHARACTERS).map(re.escape)
_categories = st.sampled_from(["\\w", "\\W", "\\d", "\\D", "\\s", "\\S"])
_ranges = st.sampled_from(
    [
        "a-k",
        "A-Z",
        "0-9",
        "\u0100-\u0200",
        "ऀ-ॿ",
        "一-鿿",
        "\U00010400-\U00010450",
        r"\ud800-\udfff",
        "\x00-\xff",
    ]
)


def _write_set(negation: str, items: list[str]) -> str:
    return f"[{negation}{''.join(items)}]"


_sets = st.builds(
    _write_set,
    st.sampled_from(["", "^"]),
    st.lists(_literals | _categories | _ranges, min_size=1, max_size=4),
)
_positions = st.sampled_from(["^", "$", "\\b", "\\B", "\\A", "\\Z"])
_atoms = _literals | _literals | _sets | _categories | st.just(".") | _positions
_quantifiers = st.sampled_from(
    ["", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,30}", "*?", "+?", "??", "?+", "++"]
)
_groups = st.sampled_from(
    [
        "(?:{})",
        "(?:{})",
        "({})",
        "({})\\1",
        "(?={})",
        "(?!{})",
        "(?<={})",
        "(?<!{})",
        "(?>{})",
        "(?i:{})",
        "(?-i:{})",
        "(?s:{})",
        "(?m:{})",
        "(?a:{})",
        "(?u:{})",
        "(?P<n>{})?(?(n)a|b)",
    ]
)


def _write_group(group: str, inner: str, quantifier: str) -> str:
    return group.format(inner) + quantifier


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.lists(parts, min_size=1, max_size=4).map("".join)
        | st.lists(parts, min_size=2, max_size=3).map("|".join)
        | st.builds(_write_group, _groups, parts, _quantifiers)
    )


def _compiles(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, Warning):
        return False
    return True


patterns = st.recursive(
    st.builds(str.__add__, _atoms, _quantifiers), _larger, max_leaves=8
).filter(_compiles)

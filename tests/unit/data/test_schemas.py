"""Checks of tables that look at a column as a whole, beside a look at each value."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import schemas
from pipeline.errors import ArtefactError

IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=3)
OTHERS = st.one_of(
    st.none(), st.text(max_size=3), st.integers(), st.lists(st.integers(), min_size=1, max_size=2),
    st.lists(st.none(), min_size=1, max_size=2), st.lists(st.binary(), min_size=1, max_size=2),
    st.lists(IDS, min_size=1),
)  # fmt: skip


def votes(rows: list) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": pd.Series(range(len(rows))).astype("str"),
            "rules": pd.Series(rows, dtype=object),
        }
    )


@given(rows=st.lists(IDS, max_size=5), as_parquet_gives_them=st.booleans())
def test_lists_of_rule_ids_pass(rows, as_parquet_gives_them):
    given = (
        [np.array(ids, dtype=object) for ids in rows] if as_parquet_gives_them else rows
    )
    assert len(schemas.check(votes(given), "votes")) == len(rows)


@given(rows=st.lists(IDS, max_size=5), other=OTHERS, place=st.integers(0, 5))
def test_a_single_row_of_anything_else_fails(rows, other, place):
    with pytest.raises(ArtefactError, match="column rules: fails"):
        schemas.check(votes([*rows[:place], other, *rows[place:]]), "votes")

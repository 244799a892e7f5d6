"""A check of a whole column gives the same result as a check of each value."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import schemas
from pipeline.errors import ArtefactError

IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=3)
OTHER_VALUES = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(),
    st.lists(st.integers(), min_size=1, max_size=2),
    st.lists(st.none(), min_size=1, max_size=2),
    st.lists(st.binary(), min_size=1, max_size=2),
    st.lists(IDS, min_size=1),
)


def votes(rows: list[object]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": pd.Series(range(len(rows))).astype("str"),
            "rules": pd.Series(rows, dtype=object),
        }
    )


@given(rows=st.lists(IDS, max_size=5), as_parquet_gives_them=st.booleans())
def test_lists_of_rule_ids_pass(rows, as_parquet_gives_them):
    if as_parquet_gives_them:
        rows = [np.array(ids, dtype=object) for ids in rows]
    assert len(schemas.check(votes(rows), "votes")) == len(rows)


@given(rows=st.lists(IDS, max_size=5), other=OTHER_VALUES, index=st.integers(0, 5))
def test_a_single_row_of_another_type_fails(rows, other, index):
    rows.insert(index, other)
    with pytest.raises(ArtefactError, match="column rules: fails"):
        schemas.check(votes(rows), "votes")

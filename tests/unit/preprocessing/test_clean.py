"""Cleaning applies the text contract to tables, one shard at a time."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline import preprocessing
from pipeline.config.settings import Text
from pipeline.data import schemas
from tests.support.stages import keys, split

SETTINGS = Text(preset="casefold", digits="shape", min_token=1, stop_words=())


def messages(bodies: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"key": keys(len(bodies)), "body": bodies}).astype("str")


@given(st.lists(st.sampled_from(["", "A b", "a  B", "b"])), st.integers(1, 3))
def test_each_shard_is_cleaned_as_if_alone(bodies, n):
    table = messages(bodies)
    parts = [preprocessing.clean(shard, SETTINGS) for shard in split(table, n)]
    together = pd.concat(parts).sort_values("key", ignore_index=True)
    whole = preprocessing.clean(table, SETTINGS).sort_values("key", ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)


def test_malformed_messages_survive_cleaning():
    nasty = [
        "\x00",
        "\x1b[31mred",
        "&lt;b&gt; &amp;",
        "\u202eright to left",
        "e\u0301" * 5_000,
        "\U0010ffff",
        "   ",
    ]
    cleaned = preprocessing.clean(messages(nasty), SETTINGS)
    schemas.check(cleaned, "cleaned")
    assert cleaned["text"].tolist()[:4] == [
        "",
        "00mred",
        "lt b gt amp",
        "right to left",
    ]

"""Receipts are sealed: what was not written so, or not signed, is not believed."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from nightsieve.store.receipts import (
    VARIABLE,
    UnsignedReceipt,
    open_receipt,
    seal_receipt,
)
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.receipt import Receipt
from tests.support.stored_objects import ACCOUNT

KEY = "0123456789abcdef" * 2
RECEIPT = Receipt(key="a/b", sha256="ab" * 32, bytes=3, rows_out=None, **dict(ACCOUNT))


@pytest.mark.parametrize("key", [None, KEY])
@given(position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_damage_also_in_a_signature(key, position, bit):
    with pytest.MonkeyPatch.context() as patch:
        if key is None:
            patch.delenv(VARIABLE, raising=False)
        else:
            patch.setenv(VARIABLE, key)
        content = bytearray(seal_receipt(RECEIPT))
        content[position % len(content)] ^= 1 << bit
        with pytest.raises(ArtefactError) as error:
            open_receipt(bytes(content))
    # What is not signed is not made again: perhaps our key is the wrong one.
    assert not isinstance(error.value, UnsignedReceipt)


def test_with_a_key_only_what_was_signed_with_it_is_read(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    unsigned = seal_receipt(RECEIPT)
    monkeypatch.setenv(VARIABLE, KEY)
    signed = seal_receipt(RECEIPT)
    assert open_receipt(signed) == RECEIPT
    with pytest.raises(
        ArtefactError, match=f"is not signed with the key in {VARIABLE}"
    ):
        open_receipt(unsigned)
    monkeypatch.setenv(VARIABLE, KEY[::-1])
    with pytest.raises(
        ArtefactError, match=f"is not signed with the key in {VARIABLE}"
    ):
        open_receipt(signed)
    # A reader without the key still sees accidents.
    monkeypatch.delenv(VARIABLE)
    assert open_receipt(signed) == RECEIPT


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY[1:])
    with pytest.raises(ConfigError, match="has 31 characters; use at least 32"):
        seal_receipt(RECEIPT)

"""Receipts as objects: sealed with their own sha256 and, with a key, with an HMAC.

The sha256 reveals accidents. It does not stop a person who may write to the bucket,
because such a person can seal a receipt of their own. The HMAC does, as long as they do
not know the key.
"""

import os
from collections.abc import Mapping

from nightsieve.store.objects import damage_at
from nightsieve.store.seals import Seal, open_with_seal, seal_of, seal_record
from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.receipt import Receipt

#: The environment variable with the key. All workers of a store need the same one.
VARIABLE = "NIGHTSIEVE_RECEIPT_KEY"
# The length of the key in characters: 128 bits in hexadecimal digits.
_MINIMUM_LENGTH = 32


class UnsignedReceipt(ArtefactError):  # noqa: N818 - says what it is
    """A receipt is whole, but not signed with the key in the environment.

    It may be older than the key, or the key may be the wrong one. Nothing is removed or
    made again for it: with a wrong key, that would be every object of the store.

    Examples
    --------
    >>> UnsignedReceipt("is not signed").exit_code
    8
    """


def signing_key() -> bytes | None:
    """Return the key in ``NIGHTSIEVE_RECEIPT_KEY``; None if the variable is not set.

    Raises
    ------
    ConfigError
        The key is too short.

    Examples
    --------
    >>> os.environ["NIGHTSIEVE_RECEIPT_KEY"] = "0f" * 16
    >>> len(signing_key())
    32
    """
    key = os.environ.get(VARIABLE, "")
    if not key:
        return None
    if len(key) < _MINIMUM_LENGTH:
        raise ConfigError(
            f"{VARIABLE}: has {len(key)} characters; use at least {_MINIMUM_LENGTH} "
            "random ones, such as those of openssl rand -hex 32"
        )
    return key.encode()


def seal_receipt(receipt: Receipt) -> bytes:
    """Return a receipt as the object to write.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> receipt = night.receipt("IngestMessages")
    >>> open_receipt(seal_receipt(receipt)) == receipt
    True
    """
    return seal_record(receipt, signing_key())


def open_receipt(content: bytes) -> Receipt:
    """Return the receipt that `seal_receipt` made.

    With a key in the environment, the receipt must have a valid HMAC.

    Raises
    ------
    ArtefactError
        The content is not what was written. The message begins with a verb, so that the
        caller puts the object's address before it.
    UnsignedReceipt
        The receipt is whole, but not signed with the key.

    Examples
    --------
    >>> open_receipt(b"{")
    Traceback (most recent call last):
    pipeline.errors.ArtefactError: is not whole JSON; it was damaged or cut short
    """
    receipt, seal = open_with_seal(content, Receipt)
    check_signature(receipt, seal)
    return receipt


def open_receipt_of(key: str, content: bytes, address: str) -> tuple[Receipt, Seal]:
    """Return the receipt of an object, and its seal, whose HMAC is not checked.

    Parameters
    ----------
    key
        The key of the object.
    address
        The address of the receipt.

    Raises
    ------
    DamagedObject
        The content is not what was written, or is the receipt of another object.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> receipt = night.receipt("IngestMessages")
    >>> content = seal_receipt(receipt)
    >>> open_receipt_of(receipt.key, content, "s3://bucket/a")[0].task
    'IngestMessages'
    """
    with damage_at(address):
        receipt, seal = open_with_seal(content, Receipt)
        if receipt.key != key:
            raise ArtefactError(f"is the receipt of {receipt.key}")
    return receipt, seal


def check_signature(receipt: Receipt, seal: Seal, where: str = "the receipt") -> None:
    """Check that a receipt is signed with the key in the environment, if there is one.

    Parameters
    ----------
    where
        The address of the receipt.

    Raises
    ------
    UnsignedReceipt
        It has no HMAC, or one of another key.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> receipt = night.receipt("IngestMessages")
    >>> os.environ["NIGHTSIEVE_RECEIPT_KEY"] = "0f" * 16
    >>> check_signature(receipt, seal_of(receipt))
    Traceback (most recent call last):
    nightsieve.store.receipts.UnsignedReceipt: the receipt: is not signed with the ...
    """
    key = signing_key()
    if key is not None and not seal.has_hmac_of(seal_of(receipt, key)):
        raise UnsignedReceipt(
            f"{where}: is not signed with the key in {VARIABLE}; use the key of the "
            "workers that wrote it or, if you trust what is in the store, sign it: "
            "nightsieve runs sign"
        )


def read_receipt(content: bytes) -> Receipt:
    """Return a receipt, whether it is signed or not.

    No night may believe it for that: see `open_receipt`.

    Raises
    ------
    ConfigError
        The receipt is signed, and this process has no key to check it with.
    ArtefactError
        It is not the receipt that was written, or is signed with another key.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> read_receipt(seal_receipt(night.receipt("IngestMessages"))).task
    'IngestMessages'
    """
    return _checked(content)[0]


def reseal_receipt(content: bytes, changes: Mapping[str, str | int]) -> bytes:
    """Return a receipt with other values, for an object that was changed on purpose.

    A receipt without a signature stays without one: a change does not make an object
    trusted that was not trusted before.

    Raises
    ------
    ConfigError
        The receipt is signed, and this process has no key to sign it with.
    ArtefactError
        It is not the receipt that was written, or is signed with another key.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> content = seal_receipt(night.receipt("IngestMessages"))
    >>> open_receipt(reseal_receipt(content, {"erased": 1})).erased
    1
    """
    receipt, seal = _checked(content)
    key = None if seal.hmac is None else signing_key()
    return seal_record(receipt.model_copy(update=changes), key)


def _checked(content: bytes) -> tuple[Receipt, Seal]:
    """Return a receipt and its seal, whose HMAC is checked if it has one."""
    receipt, seal = open_with_seal(content, Receipt)
    if seal.hmac is not None:
        if signing_key() is None:
            raise ConfigError(
                f"{VARIABLE}: is not set, but the receipts of the store are signed; "
                "set it to the key that nights have"
            )
        check_signature(receipt, seal)
    return receipt, seal

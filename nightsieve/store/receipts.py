"""Receipts as objects: sealed with their own sha256 and, with a key, with an HMAC.

The sha256 reveals accidents. It does not stop a person who may write to the bucket,
because such a person can seal a receipt of their own. The HMAC does, as long as they do
not know the key.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from pipeline.errors import ArtefactError, ConfigError
from pipeline.records.receipt import Receipt
from pipeline.records.record import Record

#: The environment variable with the key. All workers of a store need the same one.
VARIABLE = "NIGHTSIEVE_RECEIPT_KEY"
# The length of the key in characters: 128 bits in hexadecimal digits.
_MINIMUM_LENGTH = 32


class _Seal(Record):
    """What a receipt ends with.

    Attributes
    ----------
    sha256
        The digest of the receipt without its seal.
    hmac
        The HMAC-SHA256 of the same bytes; None if the writer had no key.
    """

    sha256: str
    hmac: str | None


class _SealedReceipt(Receipt):
    seal: _Seal


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
    return _SealedReceipt(**dict(receipt), seal=_seal_of(receipt)).to_json()


def open_receipt(content: bytes) -> Receipt:
    """Return the receipt that `seal_receipt` made.

    With a key in the environment, the receipt must have a valid HMAC.

    Raises
    ------
    ArtefactError
        The content is not what was written, or is not signed with the key. The message
        begins with a verb, so that the caller puts the object's address before it.

    Examples
    --------
    >>> open_receipt(b"{")
    Traceback (most recent call last):
    pipeline.errors.ArtefactError: is not whole JSON; it was damaged or cut short
    """
    sealed = _SealedReceipt.from_json(content)
    receipt = Receipt(**sealed.model_dump(exclude={"seal"}))
    expected = _seal_of(receipt)
    if sealed.seal.sha256 != expected.sha256 or sealed.to_json() != content:
        raise ArtefactError("is not the receipt that was written")
    if expected.hmac is not None and not _is_equal(sealed.seal.hmac, expected.hmac):
        raise ArtefactError(f"is not signed with the key in {VARIABLE}")
    return receipt


def read_receipt(content: bytes) -> Receipt:
    """Return a receipt, whether it is signed or not.

    No night may believe it for that: see `open_receipt`.

    Raises
    ------
    ConfigError
        The receipt is signed, and this process has no key to check it with.
    ArtefactError
        It is not the receipt that was written.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> read_receipt(seal_receipt(night.receipt("FitModel"))).task
    'FitModel'
    """
    return Receipt(**_checked(content).model_dump(exclude={"seal"}))


def reseal_receipt(content: bytes, changes: Mapping[str, str | int]) -> bytes:
    """Return a receipt with other values, for an object that was changed on purpose.

    A receipt without a signature stays without one: a change does not make an object
    trusted that was not trusted before.

    Raises
    ------
    ConfigError
        The receipt is signed, and this process has no key to sign it with.
    ArtefactError
        It is not the receipt that was written.

    Examples
    --------
    >>> from nightsieve.nights.find import find_night
    >>> import datetime
    >>> night = find_night(store_with_night, datetime.date(2026, 11, 20))
    >>> content = seal_receipt(night.receipt("IngestMessages"))
    >>> open_receipt(reseal_receipt(content, {"erased": 1})).erased
    1
    """
    sealed = _checked(content)
    receipt = Receipt(**sealed.model_dump(exclude={"seal"}))
    is_signed = sealed.seal.hmac is not None
    changed = receipt.model_copy(update=changes)
    seal = _seal_of(changed, signed=is_signed)
    return _SealedReceipt(**dict(changed), seal=seal).to_json()


def _checked(content: bytes) -> _SealedReceipt:
    """Return a receipt that has its own sha256 and, if it is signed, its HMAC."""
    sealed = _SealedReceipt.from_json(content)
    is_signed = sealed.seal.hmac is not None
    if is_signed and signing_key() is None:
        raise ConfigError(
            f"{VARIABLE}: is not set, but the receipts of the store are signed; set it "
            "to the key that nights have"
        )
    receipt = Receipt(**sealed.model_dump(exclude={"seal"}))
    if sealed.seal != _seal_of(receipt, signed=is_signed):
        raise ArtefactError("is not the receipt that was written")
    return sealed


def _seal_of(receipt: Receipt, signed: bool = True) -> _Seal:
    content = receipt.to_json()
    key = signing_key() if signed else None
    signature = None
    if key is not None:
        signature = hmac.new(key, content, hashlib.sha256).hexdigest()
    return _Seal(sha256=hashlib.sha256(content).hexdigest(), hmac=signature)


def _is_equal(signature: str | None, expected: str) -> bool:
    return signature is not None and hmac.compare_digest(signature, expected)

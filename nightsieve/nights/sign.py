"""Sign the receipts of a store that were written without the key, or with another."""

from dataclasses import dataclass

from nightsieve.store import layout
from nightsieve.store.objects import DamagedObject, Store
from nightsieve.store.receipts import (
    VARIABLE,
    UnsignedReceipt,
    check_signature,
    open_receipt_of,
    seal_receipt,
    signing_key,
)
from pipeline.errors import ConfigError


@dataclass(frozen=True)
class Signed:
    """What signing a store did.

    Attributes
    ----------
    signed
        The number of receipts that were signed.
    unchanged
        The number of receipts that had a signature of our key.
    damage
        What is wrong with the objects whose receipts were not signed.

    Examples
    --------
    >>> Signed(signed=1, unchanged=0, damage=()).signed
    1
    """

    signed: int
    unchanged: int
    damage: tuple[DamagedObject, ...]


def sign_receipts(store: Store) -> Signed:
    """Sign every whole receipt whose object is whole too, with any key or none.

    A receipt without its object says nothing, and is left as it is.

    Raises
    ------
    ConfigError
        No key is set.

    Examples
    --------
    >>> import os
    >>> os.environ["NIGHTSIEVE_RECEIPT_KEY"] = "0f" * 16
    >>> sign_receipts(store_with_night).signed
    7
    >>> sign_receipts(store_with_night).signed
    0
    """
    if signing_key() is None:
        raise ConfigError(
            f"{VARIABLE}: is not set; set the key to sign with, the same one for all "
            "workers of the store"
        )
    signed = 0
    unchanged = 0
    damage = []
    for receipt_key in store.list_by_time(""):
        key = layout.described(receipt_key)
        if not layout.is_receipt(receipt_key) or not store.exists(key):
            continue
        try:
            if _sign(store, key):
                signed += 1
            else:
                unchanged += 1
        except DamagedObject as error:
            damage.append(error)
    return Signed(signed, unchanged, tuple(damage))


def _sign(store: Store, key: str) -> bool:
    """Sign the receipt of an object, unless it is signed; return whether it changed."""
    receipt_key = layout.receipt(key)
    address = store.address(receipt_key)
    answer = store.read_with_etag(receipt_key)
    if answer is None:  # removed in between
        return False
    receipt, seal = open_receipt_of(key, answer[0], address)
    try:
        check_signature(receipt, seal, address)
    except UnsignedReceipt:
        store.read_verified(key, receipt.sha256)
        store.write(receipt_key, seal_receipt(receipt))
        return True
    return False

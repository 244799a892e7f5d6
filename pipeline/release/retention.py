"""Which published models may go."""

from collections.abc import Collection


def expendable(
    serials: Collection[int], keep: int, protected: Collection[int]
) -> list[int]:
    """The serials that are neither among the ``keep`` highest nor protected, ascending."""
    return [
        serial
        for serial in sorted(serials)[: max(len(serials) - keep, 0)]
        if serial not in protected
    ]

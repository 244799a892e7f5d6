"""What a night drew from the database."""

from pipeline.records.record import Record


class SampleCounts(Record):
    """Messages of the sample by what became of them.

    Attributes
    ----------
    sampled
        Messages drawn.
    null_bodies, oversized_bodies
        Messages left out: without a body, or with one over ``source.max_body_bytes``.
    kept
        Messages handed over.
    """

    sampled: int
    null_bodies: int
    oversized_bodies: int
    kept: int


class Part(Record):
    """One object of a table that is stored in several."""

    key: str
    rows: int
    bytes: int
    sha256: str


class ShardManifest(Record):
    """The parts of the sample, shard by shard, and what was left out of it."""

    parts: tuple[Part, ...]
    counts: SampleCounts

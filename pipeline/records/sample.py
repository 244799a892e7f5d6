"""The sample that a night drew from the database."""

from pipeline.records.record import Record


class SampleCounts(Record):
    """The numbers of messages that were sampled, left out and kept.

    Attributes
    ----------
    sampled
        Messages drawn.
    null_bodies
        Messages left out because they have no body.
    oversized_bodies
        Messages left out because their body is larger than ``source.max_body_bytes``.
    kept
        Messages in the sample.
    """

    sampled: int
    null_bodies: int
    oversized_bodies: int
    kept: int


class Part(Record):
    """One of the objects that a table is stored in."""

    key: str
    rows: int
    bytes: int
    sha256: str


class ShardManifest(Record):
    """The parts of the sample, one for each shard, and what was left out."""

    parts: tuple[Part, ...]
    counts: SampleCounts

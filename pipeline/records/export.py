"""The exported files of a model, and the proof that they predict what training measured."""

from pipeline.records.record import Record, encode_json

MODEL_FILE = "model.json"
VECTORS_FILE = "vectors.json"
PIPELINE_FILE = "pipeline.joblib"
MANIFEST_FILE = "manifest.json"
DEFAULT_FORMAT = "nightsieve-linear"
#: The formats that a model is exported in, and the file that each is written to. The
#: package in `pipeline.export.exporters` has the format's name, with underscores.
EXPORT_FORMATS = {DEFAULT_FORMAT: MODEL_FILE}
#: The files of a published model, the manifest last.
MODEL_FILES = (*EXPORT_FORMATS.values(), VECTORS_FILE, PIPELINE_FILE, MANIFEST_FILE)


class Vector(Record):
    """A text and what every right scorer gets from it; see docs/format.md.

    Attributes
    ----------
    why
        What the text is for, in words.
    text
        Its UTF-16 units, four hexadecimal digits each.
    scores
        The 64 bits of each double, as 16 hexadecimal digits.
    decision
        The label with the model's thresholds.
    """

    why: str
    text: str
    tokens: tuple[str, ...]
    S: tuple[int, ...]
    N: int
    scores: tuple[str, ...]
    label: str
    decision: str


class Provenance(Record):
    """Where an exported model comes from: facts that are the same on every rerun.

    So there is no time and no host among them.

    Attributes
    ----------
    date
        The night, such as 2026-11-20.
    fingerprint
        Stands for all that the night's model rests on.
    candidate
        The candidate of the grid that won, in words.
    messages, documents
        Of the training set.
    bits
        Of the largest weight.
    libraries
        Versions by name.
    """

    date: str
    fingerprint: str
    candidate: str
    messages: int
    documents: int
    bits: int
    libraries: dict[str, str]


class PreparedExport(Record):
    """What both exported files are made from.

    Attributes
    ----------
    thresholds
        By label; a label without one has none.
    bits
        Of the weights.
    self_test
        Indices of the vectors that the model file holds itself.
    """

    thresholds: dict[str, float]
    bits: int
    vectors: tuple[Vector, ...]
    self_test: tuple[int, ...]


class Verification(Record):
    """How the scorers, the exported model and the estimator agree.

    Attributes
    ----------
    texts, vectors
        Distinct texts and conformance vectors that every scorer was given.
    languages
        Whose scorers ran.
    differences
        Texts whose line was not what the model says, to the last bit; always 0, since
        one difference fails the night.
    flips, proved, observed
        Labels unlike the estimator's; labels that rounding cannot have changed; other
        labels that were seen to be the same.
    largest_score_difference
        Between the exported model's and the estimator's scores.
    smallest_margin
        Of the estimator's best over its second-best score; None without a text.
    """

    texts: int
    vectors: int
    languages: tuple[str, ...]
    differences: int
    flips: int
    proved: int
    observed: int
    largest_score_difference: float
    smallest_margin: float | None = None


class FileDescription(Record):
    """An exported file; ``gzipped_bytes`` is measured for the model file alone."""

    sha256: str
    bytes: int
    gzipped_bytes: int | None = None


class ExportManifest(Record):
    """The manifest that travels beside an exported model; see docs/format.md.

    Attributes
    ----------
    training
        sha256 of the training set.
    serial
        Of a published model; a manifest that is not published has none.
    """

    format: str
    version: str
    training: str
    labels: tuple[str, ...]
    terms: int
    bits: int
    files: dict[str, FileDescription]
    verification: Verification
    serial: int | None = None

    def to_json(self) -> bytes:
        """Return the manifest as JSON; what there is not has no entry."""
        return encode_json(self.model_dump(mode="json", exclude_none=True))

"""The exported files of a model, and the proof that they predict as training did."""

from pipeline.records.record import Record, encode_json

MODEL_FILE = "model.json"
VECTORS_FILE = "vectors.json"
REFERENCE_FILE = "reference.json"
PIPELINE_FILE = "pipeline.joblib"
MANIFEST_FILE = "manifest.json"
DEFAULT_FORMAT = "nightsieve-linear"
#: The formats that a model is exported in, and the file of each. The package in
#: `pipeline.export.exporters` has the format's name, with underscores.
EXPORT_FORMATS = {DEFAULT_FORMAT: MODEL_FILE}
#: The files of a published model, the manifest last. A model of an earlier version may
#: have fewer.
MODEL_FILES = (
    *EXPORT_FORMATS.values(),
    VECTORS_FILE,
    REFERENCE_FILE,
    PIPELINE_FILE,
    MANIFEST_FILE,
)


class Vector(Record):
    """A text and what every correct scorer gets from it; see docs/format.md.

    Attributes
    ----------
    why
        The purpose of the text, in words.
    text
        UTF-16 units, four hexadecimal digits each.
    S, N
        The exact sums of docs/format.md; S has one for each label.
    scores
        The 64 bits of each double, as 16 hexadecimal digits.
    label
        The label without thresholds.
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

    So it holds neither a time nor a host.

    Attributes
    ----------
    date
        The night, such as 2026-11-20.
    fingerprint
        Identifies everything that the night's model depends on.
    candidate
        The best candidate of the grid, in words.
    messages, documents
        The size of the training set.
    bits
        The bits of the largest weight.
    libraries
        The version of each library by its name.
    """

    date: str
    fingerprint: str
    candidate: str
    messages: int
    documents: int
    bits: int
    libraries: dict[str, str]


class PreparedExport(Record):
    """What the model file and its vectors are made from.

    Attributes
    ----------
    thresholds
        The threshold of each label that has one.
    bits
        The bits of the largest weight.
    self_test
        Indices of the vectors that the model file itself holds.
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
        Distinct texts and conformance vectors that every scorer processed.
    languages
        The languages of these scorers.
    differences
        Texts for which a scorer wrote another line than the model's, to the last bit.
        It is always 0, since one difference fails the night.
    flips
        Labels that differ from the estimator's.
    proved
        Labels that rounding cannot have changed.
    observed
        Other labels that are equal to the estimator's.
    largest_score_difference
        The largest difference between scores of the exported model and the estimator.
    smallest_margin
        The smallest margin between the estimator's best and second-best score; None
        without a text.
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
    """The manifest that is published beside an exported model; see docs/format.md.

    Attributes
    ----------
    training
        The sha256 of the training set.
    files
        The other files by their names.
    serial
        The serial of a published model; None for a model that is not published.
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
        """Return the manifest as JSON; a field that is None has no entry."""
        return encode_json(self.model_dump(mode="json", exclude_none=True))

"""What the benchmarks of the exported model measure."""

from benchmarks.harness.results import Record, Result, Spread


class HalfAgreement(Record):
    """How the exported model agrees with scikit-learn on half of the messages.

    Attributes
    ----------
    flips
        Messages with another label than scikit-learn's.
    proved
        Messages whose label rounding cannot have changed.
    """

    messages: int
    flips: int
    proved: int


class Agreement(Record):
    """How an exported model agrees with scikit-learn's.

    Attributes
    ----------
    seen, unseen
        The half of the messages that was trained on, and the other one.
    """

    candidate: str
    bits: int
    seen: HalfAgreement
    unseen: HalfAgreement
    largest_score_difference: float


class KindOfModel(Agreement):
    """The same for one estimator, number of labels, norm and term frequency."""

    estimator: str
    labels: int
    norm: str | None
    sublinear_tf: bool


class AgreementResult(Result):
    """The result of `benchmarks.parity.agreement`.

    Attributes
    ----------
    sources
        Messages by where they come from.
    whole
        Models of all messages.
    kinds
        Every kind of model, of fewer messages and terms.
    """

    sources: dict[str, int]
    whole: tuple[Agreement, ...]
    kinds: tuple[KindOfModel, ...]


class SizeRow(Record):
    """A model file with weights of a number of bits.

    Attributes
    ----------
    gzipped
        Bytes of the compressed file.
    flips, proved
        Of all messages; see `HalfAgreement`.
    """

    bits: int
    bytes: int
    gzipped: int
    flips: int
    proved: int
    largest_score_difference: float

    @property
    def gzipped_kb(self) -> float:
        """Thousands of bytes of the compressed file."""
        return self.gzipped / 1000


class SizedModel(Record):
    """A model with every number of bits; the export would choose ``chosen_bits``."""

    candidate: str
    terms: int
    labels: int
    messages: int
    chosen_bits: int
    rows: tuple[SizeRow, ...]

    @property
    def chosen(self) -> SizeRow:
        """The row of the chosen bits."""
        (row,) = [row for row in self.rows if row.bits == self.chosen_bits]
        return row


class SizeResult(Result):
    """The result of `benchmarks.parity.size`; ``max_gzipped`` is the target, bytes."""

    sources: dict[str, int]
    max_gzipped: int
    models: tuple[SizedModel, ...]


class ScorerSpeed(Record):
    """What a scorer took in every round.

    Attributes
    ----------
    evaluates_per_second
        None where the scorer finds labels alone.
    peak_mib
        None where the system does not say.
    labels
        Messages by their label, in the order of the labels.
    """

    name: str
    load_seconds: Spread
    labels_per_second: Spread
    evaluates_per_second: Spread | None
    peak_mib: Spread | None
    labels: tuple[int, ...]


class ScoredModel(Record):
    """A size of the model, and all scorers with it."""

    terms: int
    scorers: tuple[ScorerSpeed, ...]


class M2cgenLimit(Record):
    """How many terms of m2cgen's code javac compiles, and what it says of more."""

    compiled_terms: int
    terms: int
    error: str


class ScoringResult(Result):
    """The result of `benchmarks.parity.scoring`; ``scored`` messages a round."""

    sources: dict[str, int]
    scored: int
    rounds: int
    candidate: str
    m2cgen: M2cgenLimit
    sizes: tuple[ScoredModel, ...]

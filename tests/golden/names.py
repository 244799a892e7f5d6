"""The names in the code, and those in the expectations: a rename is one line here.

In each mapping the key is the name that the code has now, and the value is the name
in `demo.json` and `uci.json`. A name that is not listed is the same in both.
"""

# Task families, as the receipts of the run manifest name them.
RENAMED_TASKS: dict[str, str] = {}

# New task families: their tables have no expectation. What is computed from the tables
# has one.
NEW_TASKS = ("AggregateReviews", "BuildEvaluationSet", "ExportPipeline")

# Columns of tables and arrays of the training set: `column` wherever it occurs, or
# `Task.column` of one task, whose name is the one in the expectations.
RENAMED_COLUMNS: dict[str, str] = {"BuildTrainingSet.label_weight": "confidence"}

# The start of a dotted path in the results of the run manifest. A `*` stands for any
# one part of the path, such as a label; both sides have the same number of them.
# The first entry that fits is applied.
RENAMED_PATHS: dict[str, str] = {
    "rules.fallbacks.*.strategy": "rules.not_exact.*.way",
    "rules.fallbacks": "rules.not_exact",
    "cross_validation": "cross-validation",
}

# Keys that identify the dictionaries of a list: a path has their value as the index.
IDENTIFIERS = ("id", "name", "number")

# Results that are not compared, by the start of their path in the expectations.
LEFT_OUT = (
    # A key holds a fingerprint, which names the configuration and so its settings.
    "messages.parts.*.key",
    # The rows of these files are compared. Their bytes depend on the library that
    # writes them and on the names of columns and arrays.
    "messages.parts.*.sha256",
    "messages.parts.*.bytes",
    "description.training",
    # model.json holds a fingerprint, vectors.json the sha256 of model.json, and
    # pipeline.joblib the names of our modules: hashes and sizes vary with them.
    "description.files",
    # The manifest is written before it is known whether the model is published.
    "description.serial",
    # No golden night has a correction.
    "corrections",
    # The path holds them already.
    "rules.rules.*.id",
    "rules.rules.*.conflicts_with.*.id",
    "search.candidates.*.number",
    # Java and JavaScript are verified where they are installed.
    "description.verification.languages",
)

# Fields of a check and of its bound, and of a point of a curve, in the order in which
# the expectations have them.
CHECK = ("kind", "subject", "measure", "with_thresholds")
BOUND = ("comparison", "value", "unless_uncertain")
POINT = ("recall", "precision", "threshold")

# Paths below which a list is one value.
ROWS = "decision.checks."

# Checks whose value varies: a time, and the size of a file that holds a fingerprint.
KINDS_THAT_VARY = ("speed", "size")

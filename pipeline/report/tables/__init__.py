"""Tables made from records, the same ones for the page and the terminal."""

from pipeline.report.tables.gate import checks, device
from pipeline.report.tables.labelling import label_counts, label_shares, rules
from pipeline.report.tables.models import churned, moved, terms
from pipeline.report.tables.nights import all_nights, since, trend
from pipeline.report.tables.predictions import (
    candidates,
    confusion,
    corrections,
    metrics,
    thresholds,
)
from pipeline.report.tables.run import environment, files, lineage, stages

__all__ = [
    "all_nights", "candidates", "checks", "churned", "confusion", "corrections",
    "device", "environment", "files", "label_counts", "label_shares", "lineage",
    "metrics", "moved", "rules", "since", "stages", "terms", "thresholds", "trend",
]  # fmt: skip

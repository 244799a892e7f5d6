"""The sections of the configuration, a module each: types and bounds of all settings.

``config/pipeline.yaml`` gives every setting its value and says what it is for, so that
no default is hidden in code; `pipeline.config` lays overlays and patches over that
file. Fields with a default here belong to entries that people add to a list or a
mapping: a rule's field and weight, a grid's ``C`` or ``alpha``, a label's goal and
floor. `Source.identity` has a default because no file sets it.
"""

from pipeline.config.settings.evaluation import CORRECTION, Corrections, Evaluation
from pipeline.config.settings.labelling import Engine, Labelling, Resolution, Rule
from pipeline.config.settings.notify import Notify
from pipeline.config.settings.release import (
    MAX_LOOKBACK,
    Gate,
    Goal,
    Keep,
    MaxLoss,
    Regression,
    Release,
)
from pipeline.config.settings.report import Masking, Report
from pipeline.config.settings.section import Section, validate_reason
from pipeline.config.settings.source import Column, MessageTable, ReviewTable, Source
from pipeline.config.settings.text import Text
from pipeline.config.settings.training import (
    Candidate,
    CrossValidation,
    Grid,
    ReviewTraining,
    Search,
    Training,
)

__all__ = [
    "CORRECTION", "MAX_LOOKBACK", "Candidate", "Column", "Corrections",
    "CrossValidation", "Engine", "Evaluation", "Gate", "Goal", "Grid", "Keep",
    "Labelling", "Masking", "MaxLoss", "MessageTable", "Notify", "Regression", "Report",
    "Resolution", "ReviewTable", "ReviewTraining", "Rule", "Search", "Settings",
    "Source", "Text", "Training", "validate_reason",
]  # fmt: skip


class Settings(Section):
    """The whole frozen configuration of a night."""

    source: Source
    labelling: Labelling
    text: Text
    training: Training
    evaluation: Evaluation
    release: Release
    report: Report
    notify: Notify

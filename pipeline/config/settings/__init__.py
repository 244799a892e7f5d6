"""The sections of the configuration: what every knob is, its type and its bounds. A module for each, of its name.

``config/pipeline.yaml`` gives each its value and says what it is for; ``pipeline.config`` lays overlays and patches
over it and builds a `Settings`. No field has a default here: a default that is not in that file would be one that
nobody can see.
"""

from pipeline.config.settings.evaluation import Evaluation
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
    "MAX_LOOKBACK", "Candidate", "Column", "CrossValidation", "Engine", "Evaluation",
    "Gate", "Goal", "Grid", "Keep", "Labelling", "Masking", "MaxLoss", "MessageTable",
    "Notify", "Regression", "Report", "Resolution", "ReviewTable", "ReviewTraining",
    "Rule", "Search", "Settings", "Source", "Text", "Training", "validate_reason",
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

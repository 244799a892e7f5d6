"""The sections of the configuration: what every knob is, its type and its bounds. A module for each, of its name.

``config/pipeline.yaml`` gives each its value and says what it is for; ``pipeline.config`` lays overlays and patches
over it and builds a `Settings`. No field has a default here: a default that is not in that file would be one that
nobody can see.
"""

from pipeline.config.settings.evaluation import Evaluation, Teaching
from pipeline.config.settings.labelling import Engine, Labelling, Resolution, Rule
from pipeline.config.settings.notify import Notify
from pipeline.config.settings.release import (
    FURTHEST,
    Gate,
    Goal,
    Keep,
    Regression,
    Release,
)
from pipeline.config.settings.report import Readable, Report
from pipeline.config.settings.section import Section, reasoned
from pipeline.config.settings.source import Column, MessageTable, ReviewTable, Source
from pipeline.config.settings.text import Text
from pipeline.config.settings.training import (
    Candidate,
    CrossValidation,
    Grid,
    Search,
    Training,
)

__all__ = [
    "FURTHEST", "Candidate", "Column", "CrossValidation", "Engine", "Evaluation", "Gate", "Goal", "Grid", "Keep",
    "Labelling", "MessageTable", "Notify", "Readable", "Regression", "Report", "Resolution", "ReviewTable", "Rule",
    "Search", "Settings", "Source", "Teaching", "Text", "Training", "reasoned",
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

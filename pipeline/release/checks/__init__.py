"""The checks that the gate makes of tonight's model."""

from pipeline.release.checks.gate import check_model
from pipeline.release.checks.inputs import GateInput, Measurements

__all__ = ["GateInput", "Measurements", "check_model"]

"""The questions of the gate about tonight's model, and the answers."""

from pipeline.release.checks.gate import check_model
from pipeline.release.checks.inputs import GateInput, Measurements

__all__ = ["GateInput", "Measurements", "check_model"]

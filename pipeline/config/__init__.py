"""The configuration of a night: layered, checked, frozen and named by its content."""

from pipeline.config.defaults import DEFAULTS
from pipeline.config.differences import differences
from pipeline.config.interpolate import SECRET_KEYS, UnsetVariableError
from pipeline.config.layers import Layer, file_layer, patch_layer, text_layer
from pipeline.config.resolve import (
    ReadRules,
    Resolved,
    canonical,
    canonical_json,
    digest,
    resolve,
    with_identity,
)
from pipeline.config.settings import Settings

__all__ = [
    "DEFAULTS",
    "SECRET_KEYS",
    "Layer",
    "ReadRules",
    "Resolved",
    "Settings",
    "UnsetVariableError",
    "canonical",
    "canonical_json",
    "differences",
    "digest",
    "file_layer",
    "patch_layer",
    "resolve",
    "text_layer",
    "with_identity",
]

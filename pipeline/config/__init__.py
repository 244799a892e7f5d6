"""The configuration of a night: layered, checked, frozen and named by its content."""

from pipeline.config.defaults import DEFAULTS
from pipeline.config.differences import differences
from pipeline.config.interpolate import (
    DATABASE_URL,
    SECRET_KEYS,
    UnsetVariableError,
    url_variable,
)
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
from pipeline.config.strict_yaml import check_size, quotable

__all__ = [
    "DATABASE_URL",
    "DEFAULTS",
    "SECRET_KEYS",
    "Layer",
    "ReadRules",
    "Resolved",
    "Settings",
    "UnsetVariableError",
    "canonical",
    "canonical_json",
    "check_size",
    "differences",
    "digest",
    "file_layer",
    "patch_layer",
    "quotable",
    "resolve",
    "text_layer",
    "url_variable",
    "with_identity",
]

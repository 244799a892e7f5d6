"""The configuration of a night: layers laid over each other, checked, frozen and named by their content."""

from pipeline.config.resolve import (
    DEFAULTS,
    SECRET_KEYS,
    Layer,
    Resolved,
    Settings,
    canonical,
    database_url,
    digest,
    file_layer,
    patch_layer,
    resolve,
    text_layer,
)

__all__ = [
    "DEFAULTS", "SECRET_KEYS", "Layer", "Resolved", "Settings", "canonical", "database_url", "digest", "file_layer",
    "patch_layer", "resolve", "text_layer",
]  # fmt: skip

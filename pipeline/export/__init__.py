"""The exported model: rounded to integers, written as a file, and proved to predict the same in every language."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "assemble": ["assemble"],
        "build": ["build", "build_vectors", "decider", "prepare"],
        "format": ["decode", "encode"],
        "model": ["FixedPointModel", "LinearModel"],
        "provenance": ["provenance"],
        "quantise": ["choose_bits", "quantise"],
        "sidecar": ["describe", "load_pipeline"],
        "sources": ["scorers_digest"],
        "verify": ["verify"],
    },
)

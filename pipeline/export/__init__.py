"""The exported model: assembled from the fitted pipeline, written as a file, and proved to predict the same."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "assemble": ["assemble"],
        "format": ["decode", "encode"],
        "model": ["LinearModel"],
        "provenance": ["provenance"],
        "verify": ["verify"],
    },
)

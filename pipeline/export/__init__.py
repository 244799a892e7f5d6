"""The exported model: a file of integers, proved to predict the same everywhere."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "files": [
            "encode_model",
            "encode_vectors",
            "label_with_thresholds",
            "prepare",
            "verify_model",
        ],
        "holdout": ["describe_predictions"],
        "manifest": ["describe"],
        "pickled": ["encode_pipeline"],
        "provenance": ["provenance"],
        "verification.scorer_files": ["scorers_digest"],
    },
)

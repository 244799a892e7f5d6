"""The labels that humans give, their agreement, and messages worth a review."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "aggregate": ["aggregate_reviews", "human_labels"],
        "agreement": ["measure_agreement"],
        "choose": ["choose_messages", "sheet_rows"],
        "corrections": ["measure_corrections"],
    },
)

"""What humans said of messages: a message's label by several people, and what their labels say about a model."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "evaluation": ["evaluate_on_reviews"],
        "choose": ["choose", "rows"],
        "selection": ["human_labels", "measuring"],
    },
)

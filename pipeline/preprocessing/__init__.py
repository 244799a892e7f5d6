"""Stage 3: from raw messages and their labels to unique, weighted, tokenised documents."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"clean": ["clean"], "documents": ["build_training_set"]}
)

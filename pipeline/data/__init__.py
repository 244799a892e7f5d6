"""Tables and arrays that tasks exchange, and what several stages do with them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["evaluation_set", "reviewed_messages"]
)

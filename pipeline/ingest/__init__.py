"""From the source's tables to a sample of messages, in shards, and their reviews.

No other stage uses a database connection.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "connection": ["connect"],
        "identity": ["database_identity", "database_url"],
        "sample": ["Sampled", "draw_sample", "read_reviews"],
    },
)

"""Erase messages from what tasks have handed over.

Rows and documents stay where they are, without their text. The same erasure of the same
content gives the same bytes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "content": [
            "erase_bodies",
            "erase_keys",
            "erase_shown",
            "erase_table",
            "erase_texts",
            "read_columns",
            "shown_texts",
        ],
        "result": ["Erasure"],
    },
)

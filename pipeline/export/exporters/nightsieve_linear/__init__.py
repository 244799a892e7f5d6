"""The format of docs/format.md, which devices compute exactly alike."""

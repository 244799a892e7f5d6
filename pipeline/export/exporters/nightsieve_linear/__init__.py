"""The format of docs/format.md, which every device computes exactly alike."""

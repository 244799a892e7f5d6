"""The formats that a model is exported in, a package each."""

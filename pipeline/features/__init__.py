"""What a model sees of a text, one package for each kind of feature."""

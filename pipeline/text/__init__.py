"""The text contract: characters -> tokens -> n-grams, in training and on the device."""

from pipeline.text.tokeniser import Tokeniser, join_surrogates, ngrams

__all__ = ["Tokeniser", "join_surrogates", "ngrams"]

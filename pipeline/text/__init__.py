"""The text contract: characters -> tokens -> n-grams, in training and on the device.

Examples
--------
>>> from pipeline.config.settings import Text
>>> settings = Text(preset="casefold", digits="shape", min_token=1, stop_words=())
>>> tokeniser = Tokeniser.from_settings(settings, ngrams=(1, 2))
>>> tokeniser.tokens("Your code: 4711")
['your', 'code', '0000']
>>> tokeniser("Your code: 4711")
['your', 'code', '0000', 'your code', 'code 0000']
"""

from pipeline.text.tokeniser import Tokeniser, join_surrogates, ngrams

__all__ = ["Tokeniser", "join_surrogates", "ngrams"]

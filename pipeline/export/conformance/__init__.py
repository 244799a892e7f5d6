"""Conformance vectors: texts on which a wrong scorer shows, with the right results.

A vector is a text and what every right scorer computes from it:

>>> from sklearn.feature_extraction.text import TfidfVectorizer
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.svm import LinearSVC
>>> from pipeline.export.conformance.selection import make_vectors
>>> from pipeline.model.from_sklearn import linear_model
>>> from pipeline.model.quantise import quantise
>>> from pipeline.text import Tokeniser
>>> from pipeline.text.character_map import preset
>>> tokeniser = Tokeniser(preset("casefold", "shape"), 2, frozenset(), (1, 1))
>>> pipeline = make_pipeline(TfidfVectorizer(analyzer=tokeniser), LinearSVC())
>>> fitted = pipeline.fit(["free prize", "see you"], ["spam", "chat"])
>>> model = quantise(linear_model(fitted), 12)
>>> (vector,) = make_vectors(model, {"FREE!": "capitals and punctuation"})
>>> vector.tokens, vector.label
(('free',), 'spam')
"""

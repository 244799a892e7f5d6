"""Predictions over HTTP and in Lambda, from the model that nights published.

`contract` is the contract with clients: the standard library alone reads a request,
scores it and writes the answer. `http` and `aws_lambda` carry the bytes. Nothing here
imports luigi, pandas or scikit-learn.
"""

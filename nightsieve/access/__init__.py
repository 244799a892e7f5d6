"""The file of access tokens, which commands write and services read.

`tokens` is the file and what it holds; `watching` reads it again when it changes.
"""

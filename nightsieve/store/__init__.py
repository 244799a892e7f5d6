"""The objects in S3, and the only package that knows S3.

`objects` is the client, `layout` has every key, `version` says which layout a store
has. Above them are `artefacts`, `configurations`, `runs`, `models` with
`publication`, and `reports`. A `Store` is passed in; importing this package imports
neither luigi nor pandas.
"""

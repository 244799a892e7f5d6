"""Who may ask what, and how often.

`tokens` is the file of access tokens, which commands write and services read;
`watching` reads it again when it changes. `rate_limit` counts requests. `access` joins
them into one check for each request.
"""

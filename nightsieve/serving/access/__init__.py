"""Who may ask what, and how often.

`rate_limit` counts requests. `access` joins it with the tokens of `nightsieve.access`
into one check for each request.
"""

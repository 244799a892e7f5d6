"""The database of messages and reviews, as commands and the service write it.

`connection` opens it, and `pool` keeps connections open; `tables` creates its tables,
and `upsert` writes many rows. Above them are `messages`, `reviews` and `corrections`.
`server` administers a PostgreSQL server of this machine.
"""

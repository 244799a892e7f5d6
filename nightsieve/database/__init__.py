"""The database of messages and reviews, as commands write it.

`connection` opens it, `tables` creates its tables, `upsert` writes many rows. Above
them are `messages` and `reviews`. `server` administers a PostgreSQL server of this
machine.
"""

"""The results of tasks, beside tables and arrays: frozen, typed classes with one codec.

Each module holds the results of one stage. Importing this package imports neither
pandas nor numpy: the store, a service and a second run of a night only read records.
"""

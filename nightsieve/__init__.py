"""Everything around the night: the store, the database, nights, the command line."""

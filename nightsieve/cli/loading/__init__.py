"""Messages of a CSV or TSV file into the message table, and human labels into the review table."""

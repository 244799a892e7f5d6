"""Load the messages and human labels of a CSV or TSV file into the database."""

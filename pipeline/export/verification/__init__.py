"""The proof that every scorer computes what the exported model says."""

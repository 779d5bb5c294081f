"""Dummy twins: rows that look like an entry's data and hold nothing of it."""

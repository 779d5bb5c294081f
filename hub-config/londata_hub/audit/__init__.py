"""The log that proves it: append-only lines, each holding the hash of the one before."""

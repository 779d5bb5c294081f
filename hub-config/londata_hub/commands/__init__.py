"""The commands of ``londata-hub``: each parses, calls once and prints."""

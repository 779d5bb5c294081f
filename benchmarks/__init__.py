"""Benchmarks: `make bench` runs all; see measure.py for how."""

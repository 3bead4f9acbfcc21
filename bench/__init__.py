"""Benchmarks. Run each module by `python -m bench.<name>`."""

"""Sojourn beside other session services, in one run on one machine.

`python -m bench.peers` installs them, measures them and writes docs/peers.md.
"""

"""Record histories of simultaneous calls, and check that they are linearizable.

`checker` decides that, by the sequential rules of `user` and of `signing_keys`; `crew` and `worker`
make the histories, with each worker a process of its own; `plans` says who does what at once.
"""

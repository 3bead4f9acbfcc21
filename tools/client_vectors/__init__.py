"""The test vectors of the clients: `clients/vectors/*.json`, which each of them runs.

A vector is a course: what the service answers from now on, how the clocks move, which token is
verified, and what must come of it. So clients in different languages decide alike.
"""

"""Benchmarks of the application's side: what the client costs an application, and the service.

`python -m bench.client` runs them all and writes docs/client-performance.md; each module, such as
`python -m bench.client.herd`, runs alone too.
"""

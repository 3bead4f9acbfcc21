"""Mutation testing with mutmut: break the code in small ways, one at a time, and see a test fail.

`python -m tools.mutation` (`make mutate`). mutmut mutates what is in functions that have no
decorator; `source` puts decorators and constants where it sees them, and `operators` adds what
it cannot know: the clauses of DynamoDB's condition expressions.
"""

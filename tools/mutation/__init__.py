"""Mutation testing: break the code in small ways, one at a time, and see a test fail.

`python -m tools.mutation` (`make mutate`). Maintained tools were looked at first. mutmut 3 forks as
this does, but leaves out what is decorated and what is outside functions, and takes no operators
of one's own. Cosmic Ray takes operators, and starts a process with all its imports for each
mutant, which makes hours of it. What matters here is special to this code: the clauses of a
condition, a consistent read, an optional argument that guards something.

A mutant is one small edit of one module's syntax tree (`operators.py`). All tests run once, and
it is noted which of them execute which lines (`warm.py`); a mutant then meets those of them alone,
in a process forked from one that has everything imported and set up already. What is decided when
a module is imported is put in place before it is (`cold.py`).
"""

"""Race writers that end sessions against readers of the feed, and check that nothing is missed.

`writer` and `reader` are processes whose instances have clocks of their own; `race` runs them on
one DynamoDB Local; `checker` looks for what a reader was not told. `breakages` are changes of the
code with which it must find something.
"""

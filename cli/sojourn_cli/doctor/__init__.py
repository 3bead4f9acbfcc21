"""`sojourn doctor`: what is wrong with a stack, and what to do."""

"""Does a session stand? List, end and count them; and how anyone verifies their tokens."""

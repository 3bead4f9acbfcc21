"""The modes of verification: `always`, `cached` and `feed`, and what they share."""

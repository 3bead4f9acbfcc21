"""Sojourn: sessions that can be listed, revalidated and definitely terminated."""

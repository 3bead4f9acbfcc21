"""The TypeScript client: built, packed, installed and used."""

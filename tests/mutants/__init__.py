"""make mutants: our own code is broken on purpose, and tests must notice (docs/mutants.md)."""

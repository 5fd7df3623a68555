"""What makes a new version of a file: pure, streaming, and by its options alone, so that it can be done again."""

"""Figures of docs and design, measured: `make bench`, `make load`. See bench/README.md."""

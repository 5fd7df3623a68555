"""Inputs that failed once, each with its right answer."""

from pathlib import Path

CASES = Path(__file__).parent

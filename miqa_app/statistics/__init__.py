"""Correlation and ranking figures, pure numpy and scipy."""

"""The drift window: which scanner, sequence or coil has moved, and since when."""

"""The window of a fine-tuning: what it learns from, how far it is, and what the gate says of it."""

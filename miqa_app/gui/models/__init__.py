"""The window of the models: which one scores, which were, what the evidence says, and who decides."""

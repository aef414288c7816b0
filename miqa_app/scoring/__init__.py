"""From slices to a verdict: the engine that runs a network, and the judgement on a series."""

"""How good is a model: the simulated quality index, correlations, baselines and tables."""

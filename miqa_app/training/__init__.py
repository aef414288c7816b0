"""Training: recipes, the pool of degraded slices, losses and the loop."""

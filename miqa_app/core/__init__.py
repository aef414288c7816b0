"""The nouns of the product: series, slices, windows, geometry, heatmaps, assessments; numpy only."""

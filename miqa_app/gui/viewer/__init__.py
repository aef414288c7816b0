"""Looking at a series: the slice view, its strip, its heatmap, and several views side by side."""

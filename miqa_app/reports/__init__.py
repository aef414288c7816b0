"""Results on paper and in files: JSON, CSV, HTML and PDF."""

"""Drift: whether what is kept of a site's assessments still is what it was, by scanner, sequence and coil."""

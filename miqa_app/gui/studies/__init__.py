"""What lies open: the list of studies and series, and what could not be read."""

"""The coordinator's side of rating studies: making one from scans, and watching how far it is."""

"""The workstation: windows, panels and jobs on Qt; nothing here computes a score."""

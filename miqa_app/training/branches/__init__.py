"""The first part of LAR-IQA's training: each branch alone, on several rated sets at once, with a head for each set."""

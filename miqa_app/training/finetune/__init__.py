"""Fine-tuning a model on the ratings of one site: from a rated set and a parent to a candidate's weights."""

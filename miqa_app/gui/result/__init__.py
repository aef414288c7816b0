"""What the model says about one series, as a card that a person reads in three seconds."""

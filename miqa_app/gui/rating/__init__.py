"""The rating window: a rater, neutral grey, two images and a scale."""

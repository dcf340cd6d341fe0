"""Training of the built-in model: generated music, one script per stage."""

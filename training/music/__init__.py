"""Composing program, captions and synthesizer that make all training data."""

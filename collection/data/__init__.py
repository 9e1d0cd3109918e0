"""Data sets: sources, reading, preparation and splits."""

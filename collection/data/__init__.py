"""Data sets: sources, reading, preparation and splits.

It uses nothing else of :mod:`lcbench.collection`.
"""

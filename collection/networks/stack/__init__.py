"""Training of Search Space 1: shaped MLPs of one shape as one stack, all budgets and seeds at once.

It may use the files beside its folder, and nothing of ``loop/``.
"""

"""Training of Search Space 1: shaped MLPs of one shape as one stack, all budgets and seeds at once."""

"""Networks of search space 1 and 2, and how they are trained."""

"""The benchmark and the portfolio that come with lcbench."""

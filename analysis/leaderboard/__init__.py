"""The leaderboard: one static page from the files of many studies.

It may use the analyses, the figures, the report's markup and the studies of :mod:`lcbench.simulate`.
"""

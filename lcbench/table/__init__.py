"""The table: its format, and how it is opened, checked, joined and written; its commands.

It may use :mod:`lcbench.space` and the files of :mod:`lcbench` itself.
"""

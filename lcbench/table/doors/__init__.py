"""Doors: tables in other people's formats, in and out, a folder for each.

A door may use :mod:`lcbench.table` and :mod:`lcbench.space`; the table knows no door.
"""

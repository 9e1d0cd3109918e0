"""Training of networks of any recipe, run by run, as Search Space 2 needs it; and networks that are kept.

It may use the files beside its folder, and nothing of ``stack/``.
"""

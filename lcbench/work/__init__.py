"""Long work in processes: held by one, kept as it finishes, resumed.

It knows nothing of tables, networks or optimizers, and uses the errors of :mod:`lcbench` only.
"""

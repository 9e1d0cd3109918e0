"""Long work in processes: held by one, kept as it finishes, resumed."""

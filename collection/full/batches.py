"""How many rows each batch of an epoch has."""


def batch_sizes(rows: int, size: int, smallest: int) -> list[int]:
    """Divide rows into batches of one size; the last is smaller, or larger where it would be too small.

    Batch normalisation cannot be trained on a single row, so with ``smallest`` 2 a last batch of one row goes with the
    batch before it. (PyTorch's loaders would drop the row.)

    Args:
        rows: How many there are.
        size: Rows in a batch.
        smallest: Rows that the last batch must have, if there are more batches.

    Returns:
        Sizes, in order; they sum to ``rows``.
    """
    full, rest = divmod(rows, size)
    sizes = [size] * full
    if rest and (rest >= smallest or not full):
        return [*sizes, rest]
    if rest:
        sizes[-1] += rest
    return sizes

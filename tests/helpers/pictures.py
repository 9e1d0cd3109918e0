"""Pictures as bytes, to be compared."""

import io

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """A small PNG that says nothing of what wrote it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60, metadata={"Software": None})
    return buffer.getvalue()

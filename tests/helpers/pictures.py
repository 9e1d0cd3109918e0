"""Pictures as bytes, to be compared."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """A small PNG that says nothing of what wrote it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60, metadata={"Software": None})
    return buffer.getvalue()


def pixels(figure: Figure) -> bytes:
    """A small picture whose panels lie where they lie by default: to arrange them takes longer than to draw them.

    Figures of the same contents are arranged the same.
    """
    figure.set_layout_engine("none")
    figure.set_dpi(60)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())

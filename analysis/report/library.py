"""The plotting library that goes into the page."""

from lcbench.errors import InputError


def plotly_js() -> str:
    """The source of plotly.js, as the package ``plotly`` ships it.

    Raises:
        InputError: If that package is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise InputError(
            "the report needs the package 'plotly', which is not installed; "
            "install it with: pip install 'lcbench[report]'."
        ) from error
    return str(get_plotlyjs())

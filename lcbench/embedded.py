"""Where the benchmark lies that comes with the package."""

from pathlib import Path

from lcbench.errors import NotABenchmarkError

NAME = "mini"


def embedded_folder() -> Path:
    """The folder of the embedded benchmark: inside the installed package, or beside it in a checkout.

    Raises:
        NotABenchmarkError: If this installation came without it.
    """
    here = Path(__file__).parent
    for data in (here / "data", here.parent / "data"):
        if (data / NAME).is_dir():
            return data / NAME
    raise NotABenchmarkError("this installation of lcbench came without its embedded benchmark; name a folder.")

"""Where the data lie that come with the package."""

from pathlib import Path

from lcbench.errors import NotABenchmarkError

NAME = "mini"


def embedded_folder(name: str = NAME) -> Path:
    """A folder that comes along: inside the installed package, or beside it in a checkout.

    Args:
        name: Of the folder; by default the embedded benchmark's.

    Raises:
        NotABenchmarkError: If this installation came without it.
    """
    here = Path(__file__).parent
    for data in (here / "data", here.parent / "data"):
        if (data / name).is_dir():
            return data / name
    what = "benchmark" if name == NAME else name
    raise NotABenchmarkError(f"this installation of lcbench came without its embedded {what}; name a folder.")

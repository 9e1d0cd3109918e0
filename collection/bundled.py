"""The data sets that scikit-learn brings along: no network, no file."""

import pandas as pd
from sklearn import datasets

from lcbench.collection.dataset import Dataset
from lcbench.errors import UnknownNameError

BUNDLED = {
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}
"""Classification sets by name. Each is a copy of one in the UCI Machine Learning Repository (CC BY 4.0)."""


def load_bundled(name: str) -> Dataset:
    """Load one of scikit-learn's bundled data sets; classes have their names, not scikit-learn's numbers.

    Raises:
        UnknownNameError: If there is no such set.
    """
    if name not in BUNDLED:
        raise UnknownNameError("bundled data set", name, BUNDLED)
    bunch = BUNDLED[name](as_frame=True)
    return Dataset(
        name=name,
        source=f"sklearn:{name}",
        features=bunch.data,
        target=pd.Series(bunch.target_names[bunch.target], name="target"),
        licence="CC BY 4.0",
    )

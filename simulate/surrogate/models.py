"""The models that a surrogate can be made of."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.surrogate import catboost_model, forest, lightgbm_model
from lcbench.simulate.surrogate.trees import Trees

ModelName = Literal["best", "catboost", "lightgbm", "forest"]


@dataclass(frozen=True, slots=True)
class Model:
    """A regression of several outputs.

    Attributes:
        package: The package that fits it; it is not needed for reading and predicting.
        suffix: Of the files with fitted models.
        fit: From ``(n, features)`` float32, ``(n, outputs)`` targets and a seed to the fitted model's text.
        read: From that text, the number of features and of outputs to the trees; refuses any other text.
    """

    package: str
    suffix: str
    fit: Callable[[NDArray[np.float32], NDArray[np.float64], int], str]
    read: Callable[[str, int, int], Trees]


MODELS: dict[str, Model] = {
    "catboost": Model("catboost", "json", catboost_model.fit, catboost_model.read),
    "lightgbm": Model("lightgbm", "txt", lightgbm_model.fit, lightgbm_model.read),
    "forest": Model("sklearn", "json", forest.fit, forest.read),
}
"""All models by name."""


def get_model(name: str) -> Model:
    """Look up a model.

    Raises:
        UnknownNameError: If there is no such model.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]


def candidates(name: str) -> tuple[str, ...]:
    """The models to try: all of them for ``"best"``.

    Raises:
        UnknownNameError: If there is no such model.
        InputError: If a package is missing.
    """
    if name not in (*MODELS, "best"):
        raise UnknownNameError("model", name, (*MODELS, "best"))
    names = tuple(MODELS) if name == "best" else (name,)
    for each in names:
        package = MODELS[each].package
        if find_spec(package) is None:
            raise InputError(
                f"model {name!r} must have the package {package!r}, which is not installed; "
                "install it with: pip install 'lcbench[models]'."
            )
    return names


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Versions of the packages that fit these models."""
    return {MODELS[name].package: str(import_module(MODELS[name].package).__version__) for name in names}

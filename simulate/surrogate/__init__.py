"""Surrogates: models fitted to a table, that predict whole curves and seconds of any configuration of its space.

>>> from lcbench.simulate import SurrogateBackend
>>> backend = SurrogateBackend.fit(lcbench.load("DIR"), "wine")
>>> backend.curve({"num_layers": 3, ...}, 50)

Fitting needs ``pip install 'lcbench[models]'``; loading and predicting do not. It may use the contract,
:mod:`lcbench.space` and :mod:`lcbench.table`.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "backend": ["SurrogateBackend"],
        "card": ["Card", "Score"],
        "fitting": ["carry_out", "plan"],
        "models": ["MODELS"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate.surrogate.backend import SurrogateBackend as SurrogateBackend
    from lcbench.simulate.surrogate.card import Card as Card
    from lcbench.simulate.surrogate.card import Score as Score
    from lcbench.simulate.surrogate.fitting import carry_out as carry_out
    from lcbench.simulate.surrogate.fitting import plan as plan
    from lcbench.simulate.surrogate.models import MODELS as MODELS

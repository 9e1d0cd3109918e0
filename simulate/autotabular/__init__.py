"""Auto-PyTorch Tabular: a classifier for any table of data, found by a search that runs for a given time.

Zimmer, Lindauer and Hutter (2021), *Auto-PyTorch Tabular*, IEEE TPAMI, section 3: baselines first, then networks of
search space 2 proposed by BOHB from a portfolio, and after every new model an ensemble of the best ones.

::

    classifier.py     AutoTabularClassifier: the scikit-learn estimator
    settings.py       the settings of a search
    search.py         a search: optimizer, backend and ensemble together
    baselines_first.py  the optimizer that asks for baselines and then for another optimizer's jobs
    backend.py        the backend that fits models in processes, under limits of time and memory
    work.py           the work of such a process: fit one model and store it
    selection.py      the ensemble after every model, and the models that are kept
    folder.py, journal.py  storage of a search
    ensemble.py       the ensemble that predicts
    tables.py         leaderboard, trajectory, and other ensembles over time, for studies
    fit_commands.py   lcbench fit and lcbench predict

It may use :mod:`lcbench.collection` and all of :mod:`lcbench.simulate` but studies.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "classifier": ["AutoTabularClassifier"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier as AutoTabularClassifier

"""Auto-PyTorch Tabular: a classifier for any table of data, found by a search that runs for a given time.

Zimmer, Lindauer and Hutter (2021), *Auto-PyTorch Tabular*, IEEE TPAMI, section 3: baselines first, then networks of
search space 2 proposed by BOHB from a portfolio, and after every new model an ensemble of the best ones.

::

    classifier.py     AutoTabularClassifier: the scikit-learn estimator
    settings.py       what decides a search
    search.py         one search, from its beginning to its end: optimizer, backend and ensemble put together
    baselines_first.py  the optimizer that asks for baselines and then for another optimizer's jobs
    backend.py        what its jobs are done by; crew.py: in processes, under limits of time and memory
    validation.py     who validates if nobody says
    work.py           what such a process does: fit one model and keep it
    selection.py      after every model: the ensemble anew, and which models are kept; jury.py: by which rows
    folder.py, journal.py  where everything lies
    ensemble.py       the ensemble that predicts
    tables.py         leaderboard and trajectory
    over_time.py      other ensembles of the same models, for studies

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

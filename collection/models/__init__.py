"""Models for tabular data of any kind: learning tasks, networks and baselines fitted to them, saved without pickle.

::

    task = LearningTask.of(X, y, metric="balanced_accuracy")     # frames as they are; a hold-out, or any splitter
    fitted = fit_baseline(task, "random_forest", seed=0, clock=time.perf_counter)
    task.loss(fitted.valid_probabilities)                        # smaller is better
    fitted.save(folder); load_fitted(folder).predict_proba(X_new)

It may use :mod:`lcbench.collection.data` and :mod:`lcbench.collection.networks`.
"""

from lcbench.collection.models.fitted import Fitted, load_fitted
from lcbench.collection.models.fitting import fit_baseline, fit_network
from lcbench.collection.models.folds import Fold
from lcbench.collection.models.learning_task import LearningTask
from lcbench.collection.models.scorers import Scorer

__all__ = ["Fitted", "Fold", "LearningTask", "Scorer", "fit_baseline", "fit_network", "load_fitted"]

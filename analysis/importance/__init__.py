"""Importance of each hyperparameter: fANOVA, local importance, marginal curves and ablation paths (RQ4, Figure 6).

All of them ask one random forest per data set and budget, fitted on the search space's own scale. Its trees are
flattened into boxes (:mod:`lcbench.analysis.importance.model`), over which means and variances are exact.

>>> from lcbench.analysis.importance import fit_task, main_effects, observations
>>> model = fit_task(observations(bench, "vehicle"))
>>> main_effects(model)

It may use :mod:`lcbench.space` and :mod:`lcbench.table`. Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "ablation": ["ablation_path", "ablation_paths"],
        "axes": ["Axis", "axes_of", "cube_axes"],
        "fanova": [
            "interactions",
            "local_importance",
            "local_variances",
            "main_effects",
            "pair_fractions",
            "tree_fractions",
        ],
        "marginals": ["marginal_curve", "marginal_map"],
        "model": ["Boxes", "ForestSettings", "Model", "boxes_of", "fit"],
        "task": ["fit_task", "importance", "observations"],
    },
)

if TYPE_CHECKING:
    from lcbench.analysis.importance.ablation import ablation_path as ablation_path
    from lcbench.analysis.importance.ablation import ablation_paths as ablation_paths
    from lcbench.analysis.importance.axes import Axis as Axis
    from lcbench.analysis.importance.axes import axes_of as axes_of
    from lcbench.analysis.importance.axes import cube_axes as cube_axes
    from lcbench.analysis.importance.fanova import interactions as interactions
    from lcbench.analysis.importance.fanova import local_importance as local_importance
    from lcbench.analysis.importance.fanova import local_variances as local_variances
    from lcbench.analysis.importance.fanova import main_effects as main_effects
    from lcbench.analysis.importance.fanova import pair_fractions as pair_fractions
    from lcbench.analysis.importance.fanova import tree_fractions as tree_fractions
    from lcbench.analysis.importance.marginals import marginal_curve as marginal_curve
    from lcbench.analysis.importance.marginals import marginal_map as marginal_map
    from lcbench.analysis.importance.model import Boxes as Boxes
    from lcbench.analysis.importance.model import ForestSettings as ForestSettings
    from lcbench.analysis.importance.model import Model as Model
    from lcbench.analysis.importance.model import boxes_of as boxes_of
    from lcbench.analysis.importance.model import fit as fit
    from lcbench.analysis.importance.task import fit_task as fit_task
    from lcbench.analysis.importance.task import importance as importance
    from lcbench.analysis.importance.task import observations as observations

"""What users may build on: every package's public names, none more and none fewer, and what it is for."""

import importlib
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import lcbench

API = {
    "lcbench": "Benchmark Curve Fidelity LcbenchError Metric __version__ load write",
    "lcbench.space": "Config",
    "lcbench.work": (
        "Executor GiveUpError InlineExecutor Journal KILLED Outcome Progress REMEDY RESUMABLE Task ThreadExecutor "
        "Workplace differences get_executor hold refuse_other_plan run"
    ),
    "lcbench.table.doors": "Foreign bring",
    "lcbench.table.doors.official": "Benchmark entries export_json import_json",
    "lcbench.collection": "Collection Dataset Plan Prepared Problem SOURCES load_dataset models prepare",
    "lcbench.collection.cells.one_shot": "METHODS",
    "lcbench.collection.models": "Fitted Fold LearningTask Scorer fit_baseline fit_network load_fitted",
    "lcbench.simulate": (
        "FunctionBackend Job LiveInterrupted OPTIMIZERS ReplayBackend Result SurrogateBackend Trace TrainingBackend "
        "WarmStart adapters evaluation live load_portfolio objective simulate study transfer wrappers"
    ),
    "lcbench.simulate.study.one_shot": "COLUMNS look_up missing_cells read",
    "lcbench.simulate.study.systems": "COLUMNS PEERS SYSTEMS read write",
    "lcbench.simulate.adapters": "ADAPTERS NePSOptimizer OptunaOptimizer SMACOptimizer SyneTuneOptimizer",
    "lcbench.simulate.autotabular": "AutoTabularClassifier",
    "lcbench.simulate.optimizers": "OPTIMIZERS OptimizerFactory Registry get_optimizer",
    "lcbench.simulate.study": (
        "COLUMNS Keep Limit SimulationTask StudyPlan by_variant cell_rng is_empty optimized overtuning "
        "parse_budget read results study test_regrets write"
    ),
    "lcbench.simulate.surrogate": "Card MODELS Score SurrogateBackend carry_out plan",
    "lcbench.simulate.transfer": "knowledge_of load_portfolio",
    "lcbench.simulate.wrappers": "Folded Negated Noise ScaledCost Subset WRAPPERS Wrapper",
    "lcbench.analysis": (
        "FIGURES anytime_regret best_configurations best_losses best_survivors budget_correlation "
        "epoch_correlation greedy_portfolio leave_one_out paper_comparison performance_matrix portfolio_frame "
        "portfolio_regret relative_regret simple_portfolio spearman table3"
    ),
    "lcbench.analysis.figures": "ALIASES FIGURES FigureSpec NothingToDrawError figure_names",
    "lcbench.analysis.importance": (
        "Axis Boxes ForestSettings Model ablation_path ablation_paths axes_of boxes_of cube_axes fit fit_task "
        "importance interactions local_importance local_variances main_effects marginal_curve marginal_map "
        "observations pair_fractions tree_fractions"
    ),
}
PACKAGES = ["lcbench", *(m.name for m in pkgutil.walk_packages(lcbench.__path__, "lcbench.") if m.ispkg)]


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_these_and_each_is_there(name):
    package = importlib.import_module(name)
    assert sorted(getattr(package, "__all__", [])) == sorted(API.get(name, "").split())
    for public in getattr(package, "__all__", []):
        if name != "lcbench.simulate.adapters" or public == "ADAPTERS":  # the others need packages of their own
            assert getattr(package, public) is not None


def test_the_list_names_no_package_that_is_gone():
    assert set(API) <= set(PACKAGES)


@pytest.mark.parametrize("name", [name for name in PACKAGES if name != "lcbench.data"])
def test_a_package_says_what_it_holds_and_what_it_may_use(name):
    assert re.search(r"\b(may\s+use|uses)\b", importlib.import_module(name).__doc__)


def test_version_is_that_of_the_installed_package():
    assert lcbench.__version__ == version("lcbench")
    code = "from lcbench import cli; cli.main()"
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lcbench {lcbench.__version__}\n"


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        lcbench.nothing_of_the_kind  # noqa: B018

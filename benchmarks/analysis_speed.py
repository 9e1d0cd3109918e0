"""How fast the analysis is: figures and ratios of one run.

    python benchmarks/analysis_speed.py [--only importance] [--rounds 5] [--optuna-trees 64]

Rows come in groups, one function each in ``GROUPS``; ours and a peer take turns on the same numbers in the same
process, and the table holds medians over the rounds. Peers that are not installed are left out.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was done.
        seconds: How long it took us.
        peer: Who else did it, empty if nobody.
        peer_seconds: How long they took.
        difference: Largest difference between both results.
    """

    what: str
    seconds: float
    peer: str = ""
    peer_seconds: float = float("nan")
    difference: float = float("nan")


def main() -> None:
    """Run the groups that are asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"groups, with commas between them: {','.join(GROUPS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--optuna-trees", type=int, default=64, help="trees of Optuna's forest (64 takes minutes)")
    arguments = parser.parse_args()
    print("| | s | peer | s | peer / ours | largest difference |\n|---|---:|---|---:|---:|---:|")
    for name in GROUPS if arguments.only is None else arguments.only.split(","):
        for row in GROUPS[name](arguments):
            print(_line(row), flush=True)


def _line(row: Row) -> str:
    """A row as Markdown."""
    if not row.peer:
        return f"| {row.what} | {row.seconds:.3g} | | | | |"
    ratio = row.peer_seconds / row.seconds
    return (
        f"| {row.what} | {row.seconds:.3g} | {row.peer} | {row.peer_seconds:.3g} | {ratio:.3g} | {row.difference:.1g} |"
    )


def median_seconds(job: Callable[[], object], rounds: int) -> float:
    """Median time of a job."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


# Importance ----------------------------------------------------------------------------------------------------------

CONFIGS, TREES = 2000, 64


def table_of_losses() -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names, coordinates and losses of 2000 configurations of the released space.

    Every axis counts, some in pairs, and there is noise, so that trees grow to about as many leaves as on real tables.
    """
    from lcbench.space import paper
    from lcbench.space.encoding import Encoding
    from lcbench.space.spaces import sample

    rng, space = np.random.default_rng(0), paper.mlp_released()
    cube = Encoding(space).vectors(sample(space, CONFIGS, rng))
    weights = rng.random(cube.shape[1])
    losses = cube @ weights + 2 * cube[:, 0] * cube[:, 1] + 0.1 * rng.normal(size=CONFIGS)
    return tuple(space), cube, losses


def importance(arguments: argparse.Namespace) -> Iterator[Row]:
    """Main effects and pairs of fANOVA, LPI, marginal curves and ablation, with 64 trees grown to the end."""
    from lcbench.analysis.importance.ablation import ablation_path
    from lcbench.analysis.importance.axes import cube_axes
    from lcbench.analysis.importance.fanova import interactions, local_importance, main_effects
    from lcbench.analysis.importance.marginals import marginal_curve
    from lcbench.analysis.importance.model import ForestSettings, fit, grown

    names, cube, losses = table_of_losses()
    axes, settings, rounds = cube_axes(names), ForestSettings(TREES), arguments.rounds
    best, worst = cube[losses.argmin()], cube[losses.argmax()]
    model = fit(axes, cube, losses, np.random.default_rng(0), settings)

    def fitted() -> object:
        return grown(cube, losses, np.random.default_rng(0), settings)

    def mains() -> object:
        return main_effects(fit(axes, cube, losses, np.random.default_rng(0), settings))

    size = f"{CONFIGS} x {len(names)}, {TREES} trees"
    yield Row(f"fit of the forest alone, {size}", median_seconds(fitted, rounds))
    ours = median_seconds(mains, rounds)
    yield _against_optuna(f"fANOVA main effects with the fit, {size}", ours, cube, losses, arguments.optuna_trees)
    yield Row("all 21 pairs, forest fitted", median_seconds(lambda: interactions(model), rounds))
    yield Row("LPI, forest fitted", median_seconds(lambda: local_importance(model, best), rounds))
    curves = median_seconds(lambda: [marginal_curve(model, name) for name in names], rounds)
    yield Row("7 marginal curves, forest fitted", curves)
    yield Row("ablation path, forest fitted", median_seconds(lambda: ablation_path(model, worst, best), rounds))


def _against_optuna(what: str, ours: float, cube: np.ndarray, losses: np.ndarray, trees: int) -> Row:
    """Optuna's evaluator once, and both results on its forest. Its time grows with the trees: few can stand for 64."""
    try:
        import optuna
    except ImportError:
        return Row(what, ours)
    from sklearn.ensemble import RandomForestRegressor

    from lcbench.analysis.importance.axes import cube_axes
    from lcbench.analysis.importance.fanova import main_effects
    from lcbench.analysis.importance.model import model_of

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    names = tuple(f"x{j}" for j in range(cube.shape[1]))
    scales = {name: optuna.distributions.FloatDistribution(0, 1) for name in names}
    study = optuna.create_study()
    points = [dict(zip(names, point, strict=True)) for point in cube.tolist()]
    study.add_trials(
        [
            optuna.trial.create_trial(params=point, distributions=scales, value=loss)
            for point, loss in zip(points, losses.tolist(), strict=True)
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=trees, seed=0)
    started = time.perf_counter()
    theirs = evaluator.evaluate(study)
    seconds = (time.perf_counter() - started) * TREES / trees
    same = RandomForestRegressor(n_estimators=trees, max_depth=64, random_state=0).fit(cube, losses)
    found = main_effects(model_of(same, cube_axes(names)))["importance"]
    difference = max(abs(value - theirs[name]) for name, value in zip(names, found, strict=True))
    peer = f"Optuna {optuna.__version__}" + (f" ({trees} trees, times {TREES / trees:g})" if trees != TREES else "")
    return Row(what, ours, peer, seconds, difference)


GROUPS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {"importance": importance}
"""Groups of rows by name."""


if __name__ == "__main__":
    main()

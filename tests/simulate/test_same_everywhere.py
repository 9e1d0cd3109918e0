"""Same seed, same trace, whatever instructions the processor has: played here with and without its widest ones.

numpy chooses by the processor how it computes logarithms and exponentials, and OpenBLAS how it multiplies; both can be
told to do as older processors do. Their last digits then differ, and no trace may.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from platform import machine

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float, Integer

import lcbench
from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, SurrogateBackend, simulate
from lcbench.table.curve import Curve

SPACE = ConfigurationSpace(
    space=[Float("rate", (1e-4, 0.1), log=True), Float("share", (0.0, 1.0)), Integer("units", (16, 512), log=True)]
)
SLOW = {"gp-ei": 25, "gp-pi": 25, "gp-ucb": 25, "forest": 25, "forest-hyperband": 40, "extrapolation": 40}
BLAS = {"x86_64": "Nehalem", "AMD64": "Nehalem"}


def formula(config, budget):
    """A bowl of basic operations only, so that what differs is what was proposed."""
    epochs = np.arange(budget + 1.0)
    loss = (config["share"] - 0.3) ** 2 + 40 * abs(config["rate"] - 0.02) + abs(config["units"] - 100) / 500
    return Curve(loss + 1 / (1 + epochs), (1 + config["share"]) * epochs)


def play(name, backend):
    """Everything of a trace that a user sees, numbers to their last digit."""
    optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(5))
    trace = simulate(optimizer, backend, workers=2, evaluations=SLOW.get(name, 100))
    return [[r.job.trial, r.job.budget, sorted(r.job.config.items()), r.loss, r.finished] for r in trace.results]


def numbers(folder):
    """What a machine computes: traces, and one raw logarithm of many numbers to see whether it is another machine."""
    bench = lcbench.load(folder / "bench")
    backends = {"function": FunctionBackend(SPACE, (1, 3, 9), formula), "exact": ReplayBackend(bench, "alpha")}
    backends["nearest"] = ReplayBackend(bench, "alpha", match="nearest")
    backends["surrogate"] = SurrogateBackend.load(folder / "surrogate", noise="residual")
    traces = {f"{name} on {kind}": play(name, backend) for kind, backend in backends.items() for name in OPTIMIZERS}
    uniform = np.random.default_rng(0).random(10_000)
    return {"traces": traces, "raw": [np.log(uniform).tolist(), np.exp(uniform).tolist()]}


def computed(folder, environment):
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def switches():
    """What numpy can be told to leave unused on this processor, and an old kind of it for OpenBLAS."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    found = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    blas = {"OPENBLAS_CORETYPE": BLAS[machine()]} if machine() in BLAS else {}
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(found), **blas} if found else {}


@pytest.mark.slow
def test_traces_do_not_depend_on_the_instructions_of_the_processor(bench, make, tmp_path):
    pytest.importorskip("sklearn", reason="forests need the extra 'models'")
    without = switches()
    if not without:
        pytest.skip("numpy reports no instructions on this processor that it could leave unused")
    make(tmp_path / "bench")
    SurrogateBackend.fit(bench, "alpha", model="forest", folds=2).save(tmp_path / "surrogate")
    here, there = computed(tmp_path, {}), computed(tmp_path, without)
    if here["raw"] == there["raw"]:
        pytest.skip("logarithms and exponentials are the same to the last digit with and without: nothing to see")
    different = [name for name, trace in here["traces"].items() if trace != there["traces"][name]]
    assert not different


if __name__ == "__main__":
    sys.stdout.write(json.dumps(numbers(Path(sys.argv[1]))))

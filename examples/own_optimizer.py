"""An optimizer of your own: the recipe in docs/recipes.md runs it against five others.

lcbench simulate --optimizers examples/own_optimizer.py:Near,random,hyperband,bohb,asha,de --out study.parquet
"""

import numpy as np

from lcbench.simulate import Job


class Near:
    """Try what lies nearest to the best configuration so far; some are drawn uniformly."""

    def __init__(self, domain, budgets, rng, *, drawn=0.25):
        self.domain, self.budget, self.rng, self.drawn = domain, budgets[-1], rng, drawn
        self.trials, self.best = 0, None

    def ask(self):
        """Give a job, or None: nothing for now."""
        config = self.domain.sample(self.rng)
        if config is None:  # every row of the table is taken
            return None
        if self.best is not None and self.rng.random() > self.drawn:
            points = self.domain.candidates(100, self.rng)
            away = np.nansum((points - self.domain.encode(self.best.job.config)) ** 2, axis=1)
            config = self.domain.realize(points[[away.argmin()]])[0][0]
        self.domain.take(config)
        self.trials += 1
        return Job(self.trials, config, self.budget)

    def tell(self, result):
        """Learn a result."""
        if self.best is None or result.loss < self.best.loss:
            self.best = result

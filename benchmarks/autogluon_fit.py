"""Fit AutoGluon to the rows that ``autogluon_peer.py`` wrote, in the Python that has AutoGluon and no lcbench."""

import sys
import time
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor  # type: ignore[import-not-found]  # in an environment of its own

NETWORKS = ["NN_TORCH", "FASTAI"]  # they need torch


def main(folder: Path, target: str, limit: float, workers: int) -> None:
    """Fit, predict the test rows, and write what was predicted and how long it took."""
    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    given = folder / "valid.parquet"
    valid = pd.read_parquet(given) if given.is_file() else None
    begun = time.monotonic()
    predictor = TabularPredictor(target, eval_metric="accuracy", path=str(folder / "model"), verbosity=1)
    predictor.fit(
        train, tuning_data=valid, time_limit=limit, num_cpus=workers, num_gpus=0, excluded_model_types=NETWORKS
    )
    predicted = predictor.predict(test).astype(str).to_numpy()
    taken = time.monotonic() - begun
    models = len(predictor.model_names())
    pd.DataFrame({"class": predicted, "seconds": taken, "models": models}).to_parquet(folder / "predicted.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))

"""Runs in the published layout, written by hand."""

import math

import numpy as np

SETTINGS = {"network": "shapedmlpnet", "optimizer": "sgd", "cosine_annealing_T_max": 3}


def published_run(config_id: int, budget: int = 3, seed: int = 1) -> dict:
    """A run as published: percent, 0 in front of the rates, one entry too many, `true` for one layer."""
    steps = np.arange(budget + 2)
    accuracy = 50 + steps * (1 + config_id)
    loss = (1 / (1 + steps + config_id)).tolist()
    log = {"time": (7.5 + 2.25 * steps).tolist(), "epoch": steps.astype(float).tolist(), "Train/loss": loss}
    for part in ("train", "val"):
        log[f"Train/{part}_accuracy"] = (accuracy + (part == "val")).tolist()
        log[f"Train/{part}_cross_entropy"] = loss[:]
        log[f"Train/{part}_balanced_accuracy"] = (accuracy / 100 - 0.125).tolist()
    log["Train/test_result"] = (accuracy - 1).tolist()
    log["Train/test_cross_entropy"] = (0.5 + np.array(loss)).tolist()
    log["Train/test_balanced_accuracy"] = (accuracy / 200).tolist()
    log["Train/lr"] = [0.0, 0.01, 0.01, 0.005, 0.001]
    config = {"num_layers": True if config_id == 0 else 2, "max_units": 1000, "batch_size": 16, "learning_rate": 0.01}
    config |= {"weight_decay": 0.03, "momentum": 0.5, "max_dropout": 0.1 * config_id} | SETTINGS
    results = {"model_parameters": 123 + config_id, "final_val_accuracy": log["Train/val_accuracy"][-1]}
    results |= {"OpenML_task_id": 31, "test_split": 0.33, "budget": budget, "seed": seed}
    results |= {"instances": 1000, "classes": 2, "features": 20}
    return {"log": log, "results": results, "config": config}


def published_document() -> dict:
    """Two data sets, two configurations; one value is infinite."""
    found = {name: {str(i): published_run(i) for i in range(2)} for name in ("zeta", "alpha-1.5")}
    found["zeta"]["1"]["log"]["Train/val_cross_entropy"][2] = math.inf
    return found


def add_gradients(document: dict) -> dict:
    """Make it a full file: statistics of the gradients, the first two of each 0."""
    statistics = ("max", "mean", "median", "std", "q10", "q25", "q75", "q90")
    for number, run in enumerate(run for runs in document.values() for run in runs.values()):
        layers = int(run["config"]["num_layers"])
        tags = [f"gradient_{s}" for s in statistics] + ["gradient_norm"]
        tags += [f"layer_wise_gradient_{s}_layer_{i}" for s in statistics for i in range(layers)]
        for at, tag in enumerate(tags):
            run["log"][f"Train/{tag}"] = [0.0, 0.0, 0.25 * at, -0.125, number / 8]
    return document

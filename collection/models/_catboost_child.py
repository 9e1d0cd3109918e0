"""A program of its own: read a CatBoost file, and say whether it is a model whose numbers all lead somewhere.

It imports nothing of lcbench, which would take longer, and is run by :mod:`lcbench.collection.models.boosters`.
"""

import json
import math
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def main(path: str, inputs: int) -> str:
    """What there is to say of a file: ``"sound"``, or what is wrong with it."""
    from catboost import CatBoostClassifier

    try:
        model = CatBoostClassifier().load_model(path, format="cbm")
        with TemporaryDirectory() as folder:
            model.save_model(str(Path(folder) / "model.json"), format="json")
            document = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
        if model.predict_proba([[0.0] * inputs]).shape != (1, len(model.classes_)):
            return "it has other classes"
        return _wrong(document, inputs, len(model.classes_)) or "sound"
    except Exception as error:  # whatever the library finds wrong
        return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _wrong(document: dict[str, Any], inputs: int, classes: int) -> str | None:
    features = document["features_info"]
    if set(features) != {"float_features"} or len(features["float_features"]) != inputs:
        return "it has other inputs"
    borders = [set(each["borders"] or ()) for each in features["float_features"]]
    if [each["feature_index"] for each in features["float_features"]] != list(range(inputs)):
        return "its inputs have other numbers"
    scale, biases = document["scale_and_bias"]
    if not all(map(math.isfinite, (scale, *biases))):
        return "a number is not finite"
    for tree in document["oblivious_trees"]:
        splits, values = tree["splits"] or [], tree["leaf_values"]
        outputs = classes if classes > 2 or len(biases) > 1 else 1
        if len(values) not in {(1 << len(splits)) * outputs, (1 << len(splits)) * len(biases)}:
            return "a tree has other leaves"
        if not all(map(math.isfinite, values)):
            return "a number is not finite"
        for split in splits:
            feature = split["float_feature_index"]
            if split["split_type"] != "FloatFeature" or not 0 <= feature < inputs:
                return "a tree tests something else than an input"
            if split["border"] not in borders[feature]:
                return "a tree tests another border than its input has"
    return None


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1], int(sys.argv[2])) + "\n")

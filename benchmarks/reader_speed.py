"""Reading a CSV file as `fit`, `predict` and `collect` do, against `pandas.read_csv`: ratios of time and memory.

    python benchmarks/reader_speed.py [--rows 1000000] [--rounds 5]

Three files of 50 columns: numbers alone (30 of full precision, 12 of two decimals, 8 whole), numbers beside 10 columns
of quoted text, and codes with leading zeros beside numbers, which are read twice. Each reading is a fresh process,
imports apart; the two readers take turns, and a ratio is that of one turn. Memory is the peak resident one.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

CHUNK = 100_000


def main() -> None:
    """Write the files, let the readers take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{arguments.rows:,} rows x 50 columns; median of {arguments.rounds} turns\n")
    heads = {"MB": 6, "pandas, s": 10, "ours, s": 8, "ratio": 6, "pandas, MB": 11, "ours, MB": 9, "ratio ": 6}
    print(f"{'file':24} " + " ".join(f"{head.strip():>{width}}" for head, width in heads.items()))
    with tempfile.TemporaryDirectory() as folder:
        for name, columns in FILES.items():
            path = Path(folder) / "table.csv"
            write(path, columns, arguments.rows)
            turns = [(measured("pandas", path), measured("ours", path)) for _ in range(arguments.rounds)]
            show(name, path.stat().st_size / 1e6, turns)


def numbers(rng: np.random.Generator, rows: int) -> dict[str, object]:
    """Numbers alone."""
    found: dict[str, object] = {f"full{i}": rng.normal(size=rows) for i in range(30)}
    found |= {f"short{i}": rng.normal(size=rows).round(2) for i in range(12)}
    return found | {f"whole{i}": rng.integers(0, 1000, rows) for i in range(8)}


def texts(rng: np.random.Generator, rows: int) -> dict[str, object]:
    """Numbers, and text in quotes."""
    return numbers(rng, rows) | {f"short{i}": rng.choice(["red, dark", "green", "blue"], rows) for i in range(10)}


def codes(rng: np.random.Generator, rows: int) -> dict[str, object]:
    """Numbers, and a column of codes with leading zeros."""
    return numbers(rng, rows) | {"whole0": np.char.zfill(rng.integers(0, 1000, rows).astype(str), 5)}


FILES = {"numbers": numbers, "numbers and quoted text": texts, "numbers and codes": codes}


def write(path: Path, columns: object, rows: int) -> None:
    """Write a file, a part at a time."""
    rng = np.random.default_rng(0)
    for begin in range(0, rows, CHUNK):
        part = pd.DataFrame(columns(rng, min(CHUNK, rows - begin)))  # type: ignore[operator]
        part.to_csv(path, index=False, header=not begin, mode="a" if begin else "w")


def measured(reader: str, path: Path) -> tuple[float, float]:
    """Seconds and peak MB of one reader in a fresh process."""
    words = [sys.executable, __file__, "--reader", reader, str(path)]
    seconds, peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


def read(reader: str, path: Path) -> None:
    """Read a file in this process, and print what it took."""
    from lcbench.collection.data.table_file import read_table

    begun = time.perf_counter()
    frame = pd.read_csv(path, low_memory=False) if reader == "pandas" else read_table(path)
    seconds = time.perf_counter() - begun
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 + 0 * len(frame))


def show(name: str, size: float, turns: list[tuple[tuple[float, float], tuple[float, float]]]) -> None:
    """Print a line: medians, and medians of the turns' ratios."""
    cells = [f"{name:24} {size:6.0f}"]
    for which, widths in ((0, (10, 8)), (1, (11, 9))):
        theirs, ours = ([turn[who][which] for turn in turns] for who in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(theirs, ours, strict=True))
        pair = zip((theirs, ours), widths, strict=True)
        cells.append(" ".join(f"{statistics.median(values):{width}.{2 - 2 * which}f}" for values, width in pair))
        cells.append(f"{ratio:6.2f}")
    print(" ".join(cells), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reader"]:
        read(sys.argv[2], Path(sys.argv[3]))
    else:
        main()

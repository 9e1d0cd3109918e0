"""Damage of every kind to files: bytes, JSON documents and Parquet tables, drawn from a seeded source of randomness."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**20, 0.5, -0.5, 1e300, -1e300),
    *("", "x", "../x", "/etc/passwd", "[/b]", "\x1b[2J", "=1+1", "NaN", "\ud800", "ü" * 300),
    *([], [0], [None], [[]], ["x"], {}, {"x": 1}, {"": None}),
)
RAW = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 200 + "1" + "}" * 200)
"""Values that only a text can have."""

MARK = "a place for raw text"


def changed_bytes(rng: np.random.Generator, content: bytes) -> bytes:
    """One or some bytes changed, cut off, doubled, left out, or all gone."""
    kind, at = int(rng.integers(7)), int(rng.integers(max(1, len(content))))
    length = int(rng.integers(1, 40))
    if kind <= 2 and content:
        flipped = bytearray(content)
        for _ in range(1 if kind else int(rng.integers(1, 20))):
            place = int(rng.integers(len(content)))
            flipped[place] ^= 1 << int(rng.integers(8))
        return bytes(flipped)
    parts = {
        3: content[:at],
        4: content[:at] + content[at + length :],
        5: content[:at] + content[at : at + length] * 2 + content[at + length :],
        6: b"" if at % 2 else bytes(len(content)),
    }
    return parts.get(kind, content[at:])


def changed_json(rng: np.random.Generator, document: Any) -> str:
    """The text of a document with one entry replaced, left out, doubled, added, exchanged or made very long."""
    document = json.loads(json.dumps(document))
    places = list(_places(document))
    holder, key = places[int(rng.integers(len(places)))]
    kind, raw = int(rng.integers(8)), ""
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(rng.choice(["x", "", "sha256", "[/b]", "../x"]))] = holder[key]
    elif kind == 2 and isinstance(holder, list):
        holder.insert(int(key), holder[key])
    elif kind == 3:
        holder[key], raw = MARK, RAW[int(rng.integers(len(RAW)))]
    elif kind == 4 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        factor = (-1, 2, 1000, 1e9, 0)[int(rng.integers(5))]
        holder[key] = holder[key] * factor if math.isfinite(holder[key]) else 0
    elif kind == 5:
        other, at = places[int(rng.integers(len(places)))]
        holder[key] = json.loads(json.dumps(other[at]))
    elif kind == 6 and isinstance(holder[key], list):
        holder[key] = holder[key] * 50 if holder[key] else list(range(100_000))
    else:
        holder[key] = ODD[int(rng.integers(len(ODD)))]
    return json.dumps(document).replace(f'"{MARK}"', raw)


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """All places of values: what holds them, and their name or number there."""
    keys = list(document) if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in keys:
        yield document, key
        yield from _places(document[key])


def changed_table(rng: np.random.Generator, table: pa.Table) -> pa.Table:
    """A table with a column of another type, name, order or length of its lists, with gaps, or with other rows."""
    kind, place = int(rng.integers(10)), int(rng.integers(table.num_columns))
    name, column = table.column_names[place], table.column(place)
    values = column.to_pylist()
    row = int(rng.integers(max(1, len(values))))
    if kind == 0:
        return table.drop_columns([name])
    if kind == 1:
        return table.append_column("more" if row % 2 else name, column)
    if kind == 2:
        return table.rename_columns([each if each != name else "other" for each in table.column_names])
    if kind == 3:
        return table.slice(0, row)
    if kind == 4:
        return pa.concat_tables([table, table.slice(row, 1 + row)])
    if kind == 5:
        return table.take(pa.array(rng.permutation(table.num_rows)))
    if values and kind in (6, 7):
        values[row] = None if kind == 6 else _other(rng, values[row])
        changed = _array(values, column.type)
    elif kind == 8:
        changed = _array([None if v is None else str(v) for v in values], pa.string())
    else:
        changed = _array([None] * len(values), (pa.null(), pa.float64(), column.type)[row % 3])
    return table.set_column(place, pa.field(name, changed.type), changed)


def _other(rng: np.random.Generator, value: Any) -> Any:
    if isinstance(value, list):
        return [value[:-1], [*value, *value], [], [*value[:-1], math.nan], [*value[:-1], None]][int(rng.integers(5))]
    if isinstance(value, str):
        return str(rng.choice(["", "x", "[/b]", "=1+1", "\x1b[2J", "../x"]))
    return (-1, 0, 10**6, 2**31 - 1, math.nan, math.inf, True)[int(rng.integers(7))]


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """An array of this type, or of whatever type can hold the values."""
    try:
        return pa.array(values, kind, from_pandas=False)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array([None if v is None else str(v) for v in values], pa.string())


def damage_file(rng: np.random.Generator, path: Path) -> None:
    """Damage one file as its kind can be damaged; bytes of it every other time."""
    if rng.random() < 0.5:
        path.write_bytes(changed_bytes(rng, path.read_bytes()))
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        changed = changed_table(rng, table)
        try:
            pq.write_table(changed, path, write_page_checksum=True)
        except pa.ArrowException:  # two columns of one name, say: written elsewhere in another way
            pq.write_table(table.slice(0, 1), path)
    elif path.suffix == ".json":
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(changed_json(rng, document), encoding="utf-8", errors="surrogatepass")
    else:
        path.write_bytes(changed_bytes(rng, path.read_bytes()))

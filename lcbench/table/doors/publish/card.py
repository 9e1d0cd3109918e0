"""The data card (README.md, whose head Hugging Face reads), the citation file and the file that names the licence."""

import json
import re
from collections.abc import Iterator

from lcbench.table.doors.publish.croissant import config_name, units_of
from lcbench.table.doors.publish.statement import Statement
from lcbench.table.manifest import CONFIGS, RUNS

_TAGS = ("hyperparameter-optimization", "learning-curves", "automl", "benchmark", "tabular")


def _text(value: str) -> str:
    """A text as YAML: JSON's double quotes are YAML's."""
    return json.dumps(value, ensure_ascii=False)


def size_category(rows: int) -> str:
    """The size as Hugging Face names it, such as ``10K<n<100K``."""
    ends = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    powers = [10 ** (power + 3) for power in range(len(ends))]
    place = sum(rows >= power for power in powers)
    if place == 0:
        return "n<1K"
    return f"n>{ends[-1]}" if place == len(ends) else f"{ends[place - 1]}<n<{ends[place]}"


def _head(said: Statement) -> Iterator[str]:
    """The YAML that Hugging Face reads."""
    manifest = said.manifest
    yield "---"
    yield f"license: {said.hugging_face}"
    if said.hugging_face == "other":
        yield f"license_name: {re.sub(r'[^a-z0-9.]+', '-', manifest.licence.lower()).strip('-')}"
        yield "license_link: LICENSE"
    yield f"pretty_name: {_text(manifest.title)}"
    yield f"size_categories:\n- {size_category(said.manifest.runs)}"
    yield "tags:\n" + "\n".join(f"- {tag}" for tag in _TAGS)
    yield "configs:"
    first = next(path for path in manifest.files if path.startswith(f"{RUNS}/"))
    for path in manifest.files:
        yield f"- config_name: {_text(config_name(path))}"
        yield f"  data_files: {_text(path)}"
        if path == first:
            yield "  default: true"
    yield "---"


def card(said: Statement) -> str:
    """The data card as Markdown with a YAML head."""
    manifest = said.manifest
    first = manifest.datasets[0]
    units = "\n".join(f"| `{name}` | {_cell(units_of(said)[name])} |" for name in manifest.record.schema.names)
    datasets = "\n".join(
        f"| {each['name']} | {_cell(each['source'])} | {_cell(each.get('licence') or 'not said')} |"
        for each in said.datasets
    )
    limits = "\n".join(f"- {limit}" for limit in said.limits)
    record, where = manifest.record, f" ({said.licence_url})" if said.spdx else ""
    schedule = f" Schedule: {manifest.schedule}." if manifest.schedule else ""
    return f"""{chr(10).join(_head(said))}

# {manifest.title}

{said.description}
The objective is to {record.metric().goal} `{record.objective}`.

## Files

- `runs/<data set>.parquet`: one row per run, for each metric a list with a number for each step. The steps
  are {record.fidelity.label}; index 0 is before the first. NaN stands after the step at which a run diverged, and where
  nothing was measured.
- `{CONFIGS}`: `config_id` and one column per hyperparameter. The search space is in `benchmark.json`.
- `datasets.parquet`: source, sizes and licences of the data sets.
- `benchmark.json`: all of the above for programs: metrics, ranges, budgets, provenance, checksums.
- `croissant.json`: metadata in MLCommons' Croissant format; `SHA256SUMS`: check with `sha256sum -c SHA256SUMS`.

## Columns of a run

| column | what it is |
|---|---|
{units}

## Use it

In the downloaded folder, with lcbench, pandas or Polars:

```python
import lcbench

bench = lcbench.load(".")
bench.array({_text(first)}, {_text(record.objective)})  # configurations x seeds x steps
```

```python
import pandas as pd

runs = pd.read_parquet("runs/{first}.parquet")
```

```python
import polars as pl

runs = pl.read_parquet("runs/{first}.parquet")
```

## How it was made

{said.origin[0].upper()}{said.origin[1:]}. Seconds: {said.seconds}.{schedule}

| data set | source | licence |
|---|---|---|
{datasets}

## Limits

{limits}
- Personal information: {said.personal[0].lower()}{said.personal[1:]}

## Licence and citation

{manifest.licence}{where}, by {"; ".join(said.authors)}. This is the licence of the table; the data sets have their own.
Please cite:

```text
{manifest.citation}
```
"""


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def citation_file(said: Statement) -> str:
    """The table as a CITATION.cff (version 1.2.0)."""
    authors = []
    for each in said.authors:
        family, comma, given = (part.strip() for part in each.partition(","))
        authors.append(
            f"  - family-names: {_text(family)}\n    given-names: {_text(given)}"
            if comma
            else f"  - name: {_text(each)}"
        )
    lines = [
        "cff-version: 1.2.0",
        f"message: {_text(f'Please cite: {said.manifest.citation}')}",
        "type: dataset",
        f"title: {_text(said.manifest.title)}",
        f"abstract: {_text(said.description)}",
        "authors:",
        *authors,
        f"version: {_text(said.release)}",
        f"date-released: {said.date}",
    ]
    if said.spdx is not None:
        lines.append(f"license: {said.spdx}")
    elif said.licence_url is not None:
        lines.append(f"license-url: {_text(said.licence_url)}")
    if said.url:
        lines.append(f"url: {_text(said.url)}")
    return "\n".join(lines) + "\n"


def licence_file(said: Statement) -> str:
    """Which licence it is, and where its text stands."""
    where = f"The text of this licence stands at {said.licence_url}\n" if said.licence_url else ""
    return f"{said.manifest.title}\nLicence: {said.manifest.licence}\n{where}"

"""What a benchmark folder holds, in a few lines for people."""

from collections.abc import Iterator

from lcbench.schema import CONFIGS, RUNS, Manifest


def summary(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Pairs of a label and a text."""
    provenance = manifest.provenance
    runs = sum(record.rows for path, record in manifest.files.items() if path.startswith(f"{RUNS}/"))
    planned = len(manifest.datasets) * manifest.files[CONFIGS].rows * len(manifest.budgets) * len(manifest.seeds)
    size = sum(record.bytes for record in manifest.files.values())
    yield "title", manifest.title
    yield "data sets", f"{len(manifest.datasets)}: {', '.join(manifest.datasets)}"
    yield "configurations", f"{manifest.files[CONFIGS].rows} of space {manifest.space_name!r}"
    yield "budgets", f"{', '.join(map(str, manifest.budgets))} epochs ({manifest.schedule})"
    yield "seeds", ", ".join(map(str, manifest.seeds))
    yield "runs", f"{runs} of {planned}"
    yield "metrics", ", ".join(m["name"] for m in manifest.metrics)
    yield "seconds", str(provenance.get("seconds", "not said"))
    yield (
        "made",
        f"{provenance.get('created', 'not said')} on {provenance.get('processor', 'an unnamed processor')}",
    )
    yield "size", f"{_readable(size)} in {len(manifest.files) + 1} files, format {manifest.format_version}"


def _readable(size: int) -> str:
    """Bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"

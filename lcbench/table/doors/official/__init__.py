"""The published LCBench JSON: in, out, and its class.

>>> from lcbench.table.doors.official import Benchmark
>>> bench = Benchmark("DIR")  # or the published JSON file
>>> bench.query("higgs", "Train/val_accuracy", 7)

It may use :mod:`lcbench.table` and :mod:`lcbench.space`.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.table.doors.official.exporting import export_json as export_json
    from lcbench.table.doors.official.importing import import_json as import_json
    from lcbench.table.doors.official.published import Benchmark as Benchmark
    from lcbench.table.doors.official.stream import entries as entries

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exporting": ["export_json"],
        "importing": ["import_json"],
        "published": ["Benchmark"],
        "stream": ["entries"],
    },
)

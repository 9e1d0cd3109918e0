"""Doors: tables in other people's formats, in and out, a module or a folder for each.

A door opens a table of its kind as a :class:`Foreign`, and :func:`bring` writes that as a benchmark folder:

>>> from lcbench.table.doors import bring
>>> from lcbench.table.doors.taskset import taskset
>>> bring(taskset([Path("lstm.json")]), Path("DIR"))

A door may use :mod:`lcbench.table`, :mod:`lcbench.space` and :mod:`lcbench.work`; the table knows no door.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.table.doors._foreign import Foreign as Foreign
    from lcbench.table.doors._foreign import bring as bring

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"_foreign": ["Foreign", "bring"]})

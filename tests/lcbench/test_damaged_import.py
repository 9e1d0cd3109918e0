"""A published file that was damaged in any way: imported as a table that opens, or refused with an error of ours.

An import keeps what was published: values that cannot be and runs that are missing are for ``verify`` to name.
"""

import json

import numpy as np
import pytest
from damage import changed_bytes, changed_json
from official_helpers import add_gradients, published_document

from lcbench.errors import LcbenchError
from lcbench.table import verify
from lcbench.table.doors.official.importing import import_json


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_becomes_a_sound_table_or_is_refused(seed, tmp_path):
    rng, source, out = np.random.default_rng(seed), tmp_path / "data.json", tmp_path / "out"
    document = published_document() if seed % 2 else add_gradients(published_document())
    if seed % 3:
        source.write_text(changed_json(rng, document), encoding="utf-8", errors="surrogatepass")
    else:
        source.write_bytes(changed_bytes(rng, json.dumps(document).encode()))
    try:
        import_json(source, out)
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
        assert not out.exists()
        assert [path.name for path in tmp_path.iterdir()] == ["data.json"]
    else:
        for line in verify.verify(out):
            assert "runs are missing" in line or "must be in" in line

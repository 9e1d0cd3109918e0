"""Bring older folders to today's format.

There has been one format so far. What can be older is a manifest without a checksum over itself.
"""

from pathlib import Path

from lcbench import signature
from lcbench.errors import DamagedFileError
from lcbench.table import store, verify
from lcbench.table.manifest import FORMAT_VERSION, MANIFEST


def migrate(folder: Path) -> str:
    """Write the manifest as it is written today; no other file is touched.

    Returns:
        What was done, in a few words.

    Raises:
        FolderError: If there is no benchmark, or it is newer or damaged; nothing is changed then.
    """
    manifest = store.read_manifest(folder)
    if signature.is_signed(folder / MANIFEST):
        return f"format {FORMAT_VERSION} is current, nothing to do"
    problems = verify.problems(folder, manifest)
    if problems:
        raise DamagedFileError(f"{folder} is damaged: {problems[0]}; restore its files first.")
    store.write_manifest(folder, manifest)
    return f"format {FORMAT_VERSION}; {MANIFEST} has a checksum over itself now"

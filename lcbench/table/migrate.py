"""Bring older folders to today's format."""

from pathlib import Path

from lcbench import signature
from lcbench.errors import DamagedFileError
from lcbench.output import sweep
from lcbench.table import store, verify
from lcbench.table.manifest import FORMAT_VERSION, MANIFEST


def migrate(folder: Path) -> str:
    """Write the manifest as it is written today; no other file is touched.

    The new manifest takes the old one's place in one step, so that the folder is readable at every moment.

    Returns:
        What was done, in a few words.

    Raises:
        FolderError: If there is no benchmark, or it is newer or damaged; nothing is changed then.
    """
    sweep(folder, MANIFEST)
    manifest = store.read_manifest(folder)
    before = store.read_json(folder / MANIFEST)["format_version"]
    if before == FORMAT_VERSION and signature.is_signed(folder / MANIFEST):
        return f"format {FORMAT_VERSION} is current, nothing to do"
    damaged = verify.changes(folder, manifest)
    if damaged:
        raise DamagedFileError(f"{folder} is damaged: {damaged[0]}; restore its files first.")
    store.write_manifest(folder, manifest)
    if before == FORMAT_VERSION:
        return f"format {FORMAT_VERSION}; {MANIFEST} has a checksum over itself now"
    return f"format {before} became format {FORMAT_VERSION}"

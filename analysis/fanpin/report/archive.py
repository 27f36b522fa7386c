"""Office files with the same bytes from the same content: no clock, no author, no machine in them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip entry can carry
LONGEST = 255  # characters of a property
_OF_THE_MACHINE = ("created", "modified", "lastModifiedBy", "lastPrinted", "revision", "creator")


def clear_properties(document: Any, *, title: str, lang: str) -> None:
    """Set a python-docx document's title and language, and drop what depends on when and by whom it was made."""
    properties = document.core_properties
    element = properties._element
    for child in list(element):
        if child.tag.rpartition("}")[2] in _OF_THE_MACHINE:
            element.remove(child)
    properties.title, properties.language = title[:LONGEST], lang
    properties.comments = properties.keywords = properties.subject = properties.category = ""


def normalise_zip(path: Path) -> None:
    """Rewrite a zip archive in place: the same entries in the same order, all with one time and one mode."""
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            archive.writestr(info, data)

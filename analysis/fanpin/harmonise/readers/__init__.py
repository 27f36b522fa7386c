"""Raw files of any format as tables of numbers and text; one module a format, read-only."""

from fanpin.harmonise.readers.formats import is_data_file, may_have_blank_rows, read_header, read_rows
from fanpin.harmonise.readers.records import Header, TextOptions

__all__ = ["Header", "TextOptions", "is_data_file", "may_have_blank_rows", "read_header", "read_rows"]

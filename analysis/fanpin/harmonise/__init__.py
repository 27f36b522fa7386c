"""Raw extracts to canonical tables: one engine, a mapping file per source."""

from fanpin.harmonise.api import harmonise, sources

__all__ = ["harmonise", "sources"]

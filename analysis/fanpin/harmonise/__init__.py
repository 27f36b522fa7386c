"""Raw extracts to canonical tables: one engine, a mapping file per source."""

from fanpin.harmonise.api import codebook, harmonise, sources

__all__ = ["codebook", "harmonise", "sources"]

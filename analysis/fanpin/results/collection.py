"""Several results under names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from fanpin.core.errors import unknown_name


@dataclass(frozen=True, eq=False)
class Collection(Mapping[str, Any]):
    """An ordered, read-only mapping of names to results.

    Parameters
    ----------
    members : name -> result (Estimates, Measures, HypothesisTest, or another Collection).
    """

    members: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", MappingProxyType(dict(self.members)))

    def __getitem__(self, name: str) -> Any:
        if name not in self.members:
            raise unknown_name("result", name, self.members)
        return self.members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """The members' tidy tables under each other, with the name in the last column `result`."""
        parts = [_tidy(member, level).assign(result=name) for name, member in self.members.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def glance(self) -> pd.DataFrame:
        """One row a member, with the name in the first column `result`."""
        parts = [member.glance() for member in self.members.values()]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        table.insert(0, "result", [n for n, p in zip(self.members, parts, strict=True) for _ in range(len(p))])
        return table

    def summary(self) -> str:
        """The members in plain text."""
        return "\n\n".join(f"[{name}]\n{member.summary()}" for name, member in self.members.items())


def _tidy(member: Any, level: float) -> pd.DataFrame:
    has_levels = hasattr(member, "conf_int") or isinstance(member, Collection)
    table: pd.DataFrame = member.tidy(level) if has_levels else member.tidy()
    return table

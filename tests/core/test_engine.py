"""Results of the engine as plain pandas."""

from __future__ import annotations

import math
from decimal import Decimal

import pyarrow as pa

from fanpin.core.engine import fetch_frame, fetch_value, plain_frame, private_duckdb, quiet


def test_columns_become_plain_types_and_missing_becomes_nan():
    frame = plain_frame(pa.table({
        "whole": pa.array([1, 2], pa.int32()), "whole_gap": pa.array([1, None]), "flag": pa.array([True, False]),
        "flag_gap": pa.array([True, None]), "real": pa.array([1.5, None]), "money": pa.array([Decimal("1.25"), None]),
        "text": pa.array(["a", None]), "none": pa.nulls(2),
    }))  # fmt: skip
    assert {c: str(t) for c, t in frame.dtypes.items()} == {
        "whole": "int64", "whole_gap": "float64", "flag": "bool", "flag_gap": "float64", "real": "float64",
        "money": "float64", "text": "str", "none": "float64",
    }  # fmt: skip
    assert frame.loc[0].tolist()[:6] == [1, 1.0, True, 1.0, 1.5, 1.25]
    assert all(math.isnan(frame.loc[1, c]) for c in ("whole_gap", "flag_gap", "real", "money", "text", "none"))


def test_tables_and_scalars_come_back_from_a_database_of_their_own():
    with private_duckdb() as connection:
        with quiet():
            table = connection.create_table("t", pa.table({"x": [3, 1, 2]}))
        assert fetch_value(table.x.sum()) == 6
        assert fetch_frame(table.order_by("x"))["x"].tolist() == [1, 2, 3]
    with private_duckdb() as other, quiet():
        assert other.list_tables() == []

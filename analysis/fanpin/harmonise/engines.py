"""Where harmonising runs: DuckDB in this process, or Spark. Both hold named tables and give Ibis expressions over them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as parquet

from fanpin.core.errors import InapplicableError
from fanpin.core.options import Engine

LARGE = 512 * 2**20  # bytes of raw files from which DuckDB works on disk
MEMORY = "2500MB"  # what DuckDB may then hold; with the process itself it stays under 4 GiB


class Store(Protocol):
    """What harmonising needs of an engine."""

    connection: Any

    def put(self, name: str, rows: pa.Table) -> ir.Table:
        """Keep Arrow rows under a name."""

    def parquet(self, name: str, path: Path) -> ir.Table:
        """The rows of a Parquet file, read when they are needed."""

    def keep(self, name: str, rows: ir.Table) -> ir.Table:
        """Run an expression and keep its rows under a name."""

    def drop(self, names: Iterable[str]) -> None:
        """Forget what was kept."""


class DuckStore:
    """DuckDB, in memory, or in a temporary folder where the raw files are large."""

    def __init__(self, *, large: bool) -> None:
        self.folder = TemporaryDirectory(prefix="fanpin-") if large else None
        if self.folder:
            path = Path(self.folder.name)
            self.connection: Any = ibis.duckdb.connect(
                path / "tables.duckdb", memory_limit=MEMORY, temp_directory=str(path / "spill"),
                preserve_insertion_order=False,
            )  # fmt: skip
        else:
            self.connection = ibis.duckdb.connect()

    def put(self, name: str, rows: pa.Table) -> ir.Table:
        """Keep Arrow rows under a name."""
        self.connection.con.register(name, rows)  # a view of the Arrow rows: nothing is copied
        return self.connection.table(name)

    def parquet(self, name: str, path: Path) -> ir.Table:
        """The rows of a Parquet file, read when they are needed."""
        return self.connection.read_parquet(str(path), table_name=name)

    def keep(self, name: str, rows: ir.Table) -> ir.Table:
        """Run an expression and keep its rows under a name."""
        return self.connection.create_table(name, rows)

    def drop(self, names: Iterable[str]) -> None:
        """Forget what was kept."""
        for name in names:
            self.connection.con.unregister(name)


class SparkStore:
    """A local or existing Spark session; what is kept lies as Parquet in a temporary folder."""

    def __init__(self) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise InapplicableError(
                "the Spark engine is not installed", expected="PySpark 4 and Java 17", got=error,
                next_step="pip install 'fanpin[spark]', or engine=\"duckdb\"",
            ) from error  # fmt: skip
        if SparkSession.getActiveSession() is None and shutil.which("java") is None:
            raise InapplicableError("Spark needs Java", expected="a java command, version 17", got="none",
                                    next_step="install Java 17, or engine=\"duckdb\"")  # fmt: skip
        self.folder = TemporaryDirectory(prefix="fanpin-")
        self.connection = ibis.pyspark.connect(spark_session(Path(self.folder.name)))

    def put(self, name: str, rows: pa.Table) -> ir.Table:
        """Keep Arrow rows under a name."""
        path = self._path(name)
        parquet.write_table(rows, path)
        return self.connection.read_parquet(str(path))

    def parquet(self, name: str, path: Path) -> ir.Table:
        """The rows of a Parquet file, read when they are needed."""
        frame = self.connection._session.read.parquet(str(path))
        view = "v" + _safe(name)
        frame.createOrReplaceTempView(view)
        return self.connection.table(view)

    def keep(self, name: str, rows: ir.Table) -> ir.Table:
        """Run an expression and keep its rows under a name."""
        path = self._path(name)
        rows.to_parquet_dir(path)
        return self.connection.read_parquet(str(path))

    def drop(self, names: Iterable[str]) -> None:
        """Forget what was kept."""
        for name in names:
            path = self._path(name)
            shutil.rmtree(path, ignore_errors=True)

    def _path(self, name: str) -> Path:
        assert self.folder
        return Path(self.folder.name) / _safe(name)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else f"_{ord(c):x}_" for c in name)


def spark_session(warehouse: Path) -> Any:
    """The running Spark session, or a local one with as many workers as processors."""
    from pyspark.sql import SparkSession

    if (active := SparkSession.getActiveSession()) is not None:
        return active
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return (
        SparkSession.builder.master("local[*]").appName("fanpin").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.warehouse.dir", str(warehouse / "warehouse")).config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
        .config("spark.driver.memory", "4g").config("spark.sql.session.timeZone", "UTC").config("spark.log.level", "ERROR").getOrCreate()
    )  # fmt: skip


def open_store(engine: Engine, paths: Iterable[Path]) -> Store:
    """The engine by name, for the raw files that are to be read."""
    if engine == "spark":
        return SparkStore()
    return DuckStore(large=sum(map(_size, paths)) > LARGE)


def _size(path: Path) -> int:
    """The bytes of a file; of a Parquet file, those of its cells unpacked."""
    if path.suffix.lower() != ".parquet":
        return path.stat().st_size
    try:
        facts = parquet.read_metadata(path)
    except (OSError, pa.ArrowException):  # said better when it is read
        return path.stat().st_size
    return 8 * facts.num_rows * facts.num_columns

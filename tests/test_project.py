"""The project as a whole: floors, style, types, pinned packages, and words that must not stand in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOOLS = {
    "style": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "floors": ["lint-imports"],
}


@pytest.mark.slow
@pytest.mark.parametrize("command", TOOLS.values(), ids=TOOLS.keys())
def test_tool(command: list[str], root: Path) -> None:
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def tracked(root: Path) -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return [root / name for name in listed.splitlines()]


def test_no_package_index_is_named_in_any_file(root: Path) -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|registry\.npm|(extra-)?index-url\s*=?\s*http", re.IGNORECASE)
    texts = [p for p in tracked(root) if p.suffix not in {".gz", ".png"} and p != Path(__file__).resolve()]
    assert [p for p in texts if hosts.search(p.read_text("utf-8"))] == []
    assert not [p for p in tracked(root) if p.name in {"uv.lock", "package-lock.json", "poetry.lock"}]


def test_every_requirement_is_pinned_and_hashed(root: Path) -> None:
    for name in ("requirements.lock", "requirements-setup.lock", "requirements-spark.lock"):
        blocks = re.split(r"\n(?=\S)", (root / name).read_text("utf-8").strip())
        assert all("==" in b and "--hash=sha256:" in b for b in blocks), name


def test_every_declared_dependency_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", (root / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    names = {re.split(r"[<>=\[]", d)[0] for d in declared}
    assert names <= locked


def test_notebooks_are_stored_without_outputs_and_define_nothing(root: Path) -> None:
    import nbformat

    for path in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            assert not cell.get("outputs"), path.name
            if cell.cell_type == "code":
                assert cell.execution_count is None, path.name
                assert not re.search(r"^\s*(def|class|async def)\s|lambda", cell.source, re.MULTILINE), path.name


def test_import_is_quick_and_lazy() -> None:
    code = "import sys, fanpin; print([m for m in ('pandas', 'ibis', 'statsmodels', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    import fanpin as fp

    assert all(getattr(fp, name) is not None for name in fp.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'hazards'"):
        fp.hazards  # noqa: B018

"""What is installed: one import name, what each folder needs, the public names, and the files of the wheel."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agents", "configs", "envs", "kernels", "memory")
PUBLIC = {
    "memorl.memory": (
        "AsGRU AsLSTM Block Deep DiagonalGRU DiagonalLSTM ELSTM FrameStack FromCell GRU HiPPO HiPPOLinear IndRNN LRU"
        " LSTM Memory MinGRU NoMemory Parallel RTU Stack State TrXL concat make memory_names select unroll where_first"
    ),
    "memorl.kernels": (
        "HIPPO_MEASURES HIPPO_SCHEMES hippo_discretise hippo_functions hippo_matrices"
        " attach_boundary_gradient attach_one_step_gradient diag_scan diagonal_derivatives diagonal_loop"
        " elementwise_loop elstm_loop gru_loop hippo_cell_loop hippo_loop is_transformed lstm_layer lstm_loop"
        " previous_states reverse_jacobian_products reverse_scan steps_since_start update_sensitivities"
        " weigh_by_reverse_products window_append window_attention window_step window_weights"
        " without_autocast"
    ),
}  # fmt: skip


def fresh(code: str) -> str:
    """What a fresh interpreter prints, away from the repository."""
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module: str) -> None:
    names = fresh(f"import {module} as m; assert all(hasattr(m, n) for n in m.__all__); print(*sorted(m.__all__))")
    assert names.split() == sorted(PUBLIC[module].split())


def test_a_memory_needs_torch_and_nothing_else() -> None:
    alone = set(fresh("import sys, torch; print(*{m.partition('.')[0] for m in sys.modules})").split())
    loaded = fresh("import sys, memorl.memory; print(*{m.partition('.')[0] for m in sys.modules})").split()
    assert set(loaded) - alone <= {"memorl", "__editable___memorl_0_1_0_finder"}


def test_the_bare_names_of_the_folders_are_never_imported() -> None:
    assert not set(FOLDERS) & set(sys.modules)


def test_the_wheel_holds_every_module_of_the_tree(tmp_path: Path) -> None:
    if not (ROOT / "setup.py").exists():
        pytest.skip("the tests were copied away from the tree")
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tree)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    with ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    kept = [path for folder in FOLDERS for path in (tree / folder).rglob("*") if path.is_file()]
    assert inside == {f"memorl/{path.relative_to(tree)}" for path in kept}

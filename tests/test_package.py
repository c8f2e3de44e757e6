"""What is installed: one import name, what each folder needs, the public names, and the files of the wheel."""

import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import pytest

FOLDERS = ("agents", "configs", "envs", "kernels", "memory")
PUBLIC = {
    "memorl.memory": (
        "Block Deep DiagonalGRU DiagonalLSTM ELSTM FrameStack FromCell GRU HiPPO HiPPOLinear IndRNN LRU LSTM Memory"
        " MinGRU NoMemory RTU Stack State TrXL concat select unroll where_first"
    ),
    "memorl.kernels": (
        "diag_scan diagonal_loop elementwise_loop elstm_loop gru_loop hippo_cell_loop hippo_loop lstm_layer lstm_loop"
        " reverse_scan suffix_products suffix_weighted window_attention"
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


def test_the_wheel_holds_the_folders_under_one_name() -> None:
    import memorl.memory

    if not Path(memorl.memory.__file__).is_relative_to(sysconfig.get_path("purelib")):
        pytest.skip("an editable install has no files of its own")
    installed = distribution("memorl")
    files = {str(file) for file in installed.files or ()}
    tops = {file.partition("/")[0] for file in files}
    assert tops == {"memorl", f"memorl-{installed.version}.dist-info"}
    assert {f"memorl/{folder}/py.typed" for folder in FOLDERS} <= files
    assert {"memorl/memory/gru.py", "memorl/configs/train.yaml", "memorl/configs/memory/gru.yaml"} <= files
    assert not any("test" in Path(file).name for file in files)

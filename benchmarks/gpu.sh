#!/usr/bin/env bash
# All that wants a GPU, on a machine with one and no network: tests, races of the kernels, training on pixels.
#
#     benchmarks/gpu.sh                              every part, most valuable first
#     benchmarks/gpu.sh --wheels DIR --out DIR tests kernels train
#     benchmarks/gpu.sh --dry-run                    the same on a CPU, small, Triton by its interpreter
#
# Each part ends within 4 minutes. Its output goes to OUT/<part>.log as it comes, and a line about it to OUT/summary.md,
# which grows from call to call. Move tables that are to stay into benchmarks/results/<what>_<hardware>_<date>.md.
#
# python3 must have torch with all that it needs, triton, numba and numpy; what else is missing comes as wheels. These are
# enough (on a machine with network, for the Python of the other one):
#
#     pip download --only-binary=:all: --python-version 3.12 -d DIR pytest-xdist gymnasium minigrid pydantic av \
#         docstring_parser imageio rich tensorboard && rm DIR/numpy-*
#     pip download --no-deps --only-binary=:all: --python-version 3.12 -d DIR hydra-core omegaconf pyyaml
#     pip wheel --no-deps -w DIR antlr4-python3-runtime==4.9.3
set -u
called_from=$PWD
cd "$(dirname "$0")/.." || exit 1

ALL="tests kernels train diagonal kernels_tf32 memories scans"
WHEELS="" OUT="gpu-results" DRY="" PARTS=""
while [ $# -gt 0 ]; do
    case "$1" in
        --wheels) WHEELS=$2; shift 2 ;;
        --out) OUT=$2; shift 2 ;;
        --dry-run) DRY=1; shift ;;
        -*) echo "error: $1 is unknown; known are --wheels, --out, --dry-run" >&2; exit 2 ;;
        *) case " $ALL " in
               *" $1 "*) PARTS="$PARTS $1"; shift ;;
               *) echo "error: part $1 is unknown; known are $ALL" >&2; exit 2 ;;
           esac ;;
    esac
done

[ -z "$WHEELS" ] || [ "${WHEELS#/}" != "$WHEELS" ] || WHEELS=$called_from/$WHEELS
[ "${OUT#/}" != "$OUT" ] || OUT=$called_from/$OUT

site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
ln -s "$PWD" "$site/memorl"
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
mkdir -p "$OUT"
if [ -n "$WHEELS" ]; then
    python3 -m pip install -q --no-index --no-deps --target "$site" "$WHEELS"/*.whl > "$OUT/install.log" 2>&1 \
        || echo "warning: not all wheels could be installed; see $OUT/install.log" >&2
fi

if [ -n "$DRY" ]; then
    export TRITON_INTERPRET=1
    device=cpu
    small="--batch 2 --repeats 1"
    cores="--dry-run"
    test_args=(-n 2 -k "triton" tests)
    train_args=(num_envs=8 rollout_steps=16 total_steps=256 memory.hidden_size=16)
    memory_args=(--only gru --updates 1 --rounds 1)
else
    device=cuda
    small=""
    cores="--device cuda"
    test_args=(-n 4 -m gpu tests)
    train_args=(num_envs=256 rollout_steps=128 total_steps=1_500_000)
    memory_args=(--updates 2 --rounds 1 --device cuda)
fi

python3 - >> "$OUT/summary.md" <<'PYTHON'
from importlib.metadata import PackageNotFoundError, version

import torch

print("\n#", torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU", "\n")
for name in ("torch", "triton", "numpy", "numba", "gymnasium"):
    try:
        print(f"- {name} {version(name)}")
    except PackageNotFoundError:
        print(f"- {name} is missing")
print(f"- bfloat16 of torch: {torch.cuda.is_available() and torch.cuda.is_bf16_supported()}\n")
print("| part | exit status | seconds |\n|---|---|---|")
PYTHON

# run PART COMMAND...: at most 4 minutes; the log is written as it comes.
run() {
    local part=$1 began=$SECONDS
    shift
    echo "== $part: $*"
    timeout 240 "$@" > "$OUT/$part.log" 2>&1
    local status=$?
    echo "| $part | $status | $((SECONDS - began)) |" >> "$OUT/summary.md"
    tail -n 25 "$OUT/$part.log"
}

for part in ${PARTS:-$ALL}; do
    # shellcheck disable=SC2086
    case "$part" in
        tests) run tests python3 -m pytest -p no:cacheprovider --maxfail=60 --tb=short "${test_args[@]}" ;;
        kernels) run kernels python3 benchmarks/kernels.py $cores ;;
        train)
            run train python3 train.py env=mortar_mayhem memory=gru device=$device "${train_args[@]}" \
                run_dir="$site/run" checkpoint_every=1000
            cp "$site/run/metrics.csv" "$OUT/train_metrics.csv" 2> /dev/null ;;
        diagonal) run diagonal python3 benchmarks/diagonal.py --device $device $small ;;
        kernels_tf32) run kernels_tf32 python3 benchmarks/kernels.py $cores --precision high ;;
        memories) run memories python3 benchmarks/memories.py "${memory_args[@]}" ;;
        scans) run scans python3 benchmarks/scans.py --device $device $small ;;
    esac
done
echo
cat "$OUT/summary.md"

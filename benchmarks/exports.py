"""Compare the exported step of a policy with the policy itself, for every memory.

    pip install -e '.[onnx]' && python benchmarks/exports.py

PPO's model over Repeat Previous, each memory with its default sizes behind an encoder of 64, sampled actions: 50 steps
of 5 environments with random observations and episode starts. A difference is the largest of all numbers of the actions
and of the state, in parts of the largest number of its tensor where that is above 1.
"""

import argparse
import tempfile
from pathlib import Path

from machine import report, table  # isort: skip
from memories import variants  # isort: skip
from runs import build  # isort: skip
from memorl.agents import Policy, export_policy

SETTINGS = ["env=repeat_previous", "device=cpu", "run_dir=none", "encoder.output_size=64", "num_envs=2"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", help="Markdown file for the result")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for variant in variants():
            run = build([*SETTINGS, "rollout_steps=16", "agent.minibatches=1", *variant])
            policy = Policy(run.model, run.stream.interface)
            exported = {kind: export_policy(policy, Path(folder) / kind, kind) for kind in ("pt2", "onnx")}
            state = [name.partition(".")[2] for name in exported["pt2"].outputs if name.startswith("next_state")]
            differences = [f"{exported[kind].difference:.1e}" for kind in ("pt2", "onnx")]
            name = " ".join(variant).replace("memory=", "").replace("memory.", "")
            rows.append([f"`{name}`", ", ".join(state) or "none", *differences])
            print(rows[-1], flush=True)
    body = table(["memory", "state", "torch.export", "ONNX"], rows)
    report("The exported step of every memory", body, "python benchmarks/exports.py", args.write)


if __name__ == "__main__":
    main()

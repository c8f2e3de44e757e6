"""The card of a policy: what it is, how well it does, and how it is loaded, as model hubs show it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .packages import require_packages


def find_evaluation(folder: Path, step: int) -> dict[str, Any] | None:
    """Return the newest evaluation of a run's checkpoint that the evaluation command wrote, or None."""
    files = sorted((folder / "evaluation").glob(f"step-{step:012}-*.json"), key=lambda file: file.stat().st_mtime)
    return json.loads(files[-1].read_text()) if files else None


def write_card(policy: Mapping[str, Any], evaluation: Mapping[str, Any] | None, name: str) -> str:
    """Return the text of a card, in Markdown, with the header that hubs read.

    Args:
        policy: The configuration and the number of steps, as a checkpoint has them.
        evaluation: What the evaluation command wrote, if it was called.
        name: What `load_policy` is called with.

    Raises:
        ValueError: If huggingface_hub is missing.
    """
    require_packages("hub", "huggingface_hub")
    from huggingface_hub import EvalResult, ModelCardData

    config = policy["config"]
    env, memory, agent = (_name(config[part]) for part in ("env", "memory", "agent"))
    figures = evaluation["metrics"] if evaluation else {}
    results = [
        EvalResult(
            task_type="reinforcement-learning",
            dataset_type=env,
            dataset_name=env,
            metric_type="mean_reward",
            metric_name="mean return",
            metric_value=f"{row['mean']:.3f} +/- {row['std']:.3f}",
        )
        for row in (figures.get("return"),)
        if row and row["mean"] is not None
    ]
    title = f"{memory} on {env}"
    tags = ["reinforcement-learning", "memorl", agent, memory, env]
    header = ModelCardData(library_name="memorl", tags=tags, model_name=title, eval_results=results or None)
    return f"""---
{header.to_yaml()}
---

# {title}

A policy of memorl: {agent} with {memory}, trained for {policy["agent"]["steps"]:,} steps of {env}. `policy.json` has
every setting, `model.safetensors` the weights.

```python
from memorl.agents import load_policy  # pip install 'memorl[hub]'

policy = load_policy({json.dumps(name)})
action = policy.act(observation)  # the state of the memory is kept inside
```

## Evaluation

{_table(evaluation) if evaluation else "It was not evaluated on held-out levels."}
"""


def _table(evaluation: Mapping[str, Any]) -> str:
    """Return the figures of an evaluation as a table, and how it was made."""
    rows = ["| figure | mean | 95 % interval | episodes |", "|---|---|---|---|"]
    for name, row in evaluation["metrics"].items():
        interval = f"{_number(row['low'])} .. {_number(row['high'])}"
        rows.append(f"| {name} | {_number(row['mean'])} | {interval} | {row['episodes']:.0f} |")
    played = evaluation["protocol"]
    levels = f"levels {played['start']:,} to {played['start'] + played['levels'] - 1:,}"
    how = "the most likely actions" if played["greedy"] else "sampled actions"
    changed = f"; the environment was changed: `{json.dumps(played['env'])}`" if played["env"] else ""
    rows += ["", f"Held-out {levels}, {played['repetitions']} episodes each, {how}{changed}."]
    return "\n".join(rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _name(part: Mapping[str, Any]) -> str:
    """Return the id of an environment that has one, and else the name of the class."""
    return str(part.get("id") or str(part["_target_"]).rpartition(".")[2])

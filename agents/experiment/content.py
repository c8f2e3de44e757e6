"""The content of a checkpoint, and the checks that it must pass before anything is built from it."""

from typing import Annotated, Any

import torch
from pydantic import Field, InstanceOf
from torch import Tensor
from typing_extensions import TypedDict

from .checksum import checksum
from .containers import require_finite, require_plain_containers
from .schema import check_value
from .settings import MAX_STEPS, PARTS, RunSettings

FORMAT = "memorl/6"  # version of the content; every change of `Content` has a new one
MAX_RECENT_EPISODES = 100  # episodes whose mean return decides which checkpoint is the best

Tensors = dict[str, InstanceOf[Tensor]]
Count = Annotated[int, Field(ge=0, le=2 * MAX_STEPS)]


class OptimizerState(TypedDict):
    """The content of an optimizer's `state_dict`: the state of each parameter by its number."""

    state: dict[Count, dict[str, Any]]
    param_groups: list[dict[str, Any]]


class AgentState(TypedDict):
    """The content of `Agent.state_dict`."""

    optimizer: OptimizerState
    steps: Count


class StepState(TypedDict):
    """The content of a `Step`."""

    obs: Tensors
    reward: InstanceOf[Tensor]
    first: InstanceOf[Tensor]
    last: InstanceOf[Tensor]
    terminal: InstanceOf[Tensor]


class EpisodesState(TypedDict):
    """The content of `EpisodeStatistics.state_dict`."""

    returns: InstanceOf[Tensor]
    lengths: InstanceOf[Tensor]


class StreamState(TypedDict):
    """The content of `Stream.state_dict`."""

    env: Tensors | None
    current_step: StepState
    episodes: EpisodesState


class SpacesState(TypedDict):
    """The content of `Interface.plain_spaces`."""

    observation: dict[str, Any]
    action: dict[str, Any]


class MetricsState(TypedDict):
    """The content of `Metrics.state_dict`: what metrics.csv held when the checkpoint was written."""

    rows: Count
    step: Count
    checksum: Annotated[str, Field(max_length=64)]


class Content(TypedDict):
    """The content of a checkpoint: its format, its checksum, `Run.state_dict` and `Metrics.state_dict`."""

    format: str
    checksum: str
    config: dict[str, Any]
    spaces: SpacesState
    model: Tensors
    agent: AgentState
    stream: StreamState
    state: Tensors
    rng: InstanceOf[Tensor]
    cuda_rng: Annotated[list[InstanceOf[Tensor]], Field(max_length=1024)]
    recent_returns: Annotated[list[float], Field(max_length=MAX_RECENT_EPISODES)]
    best_score: float
    best_step: Count | None
    updates: Count
    metrics: MetricsState


class PolicyContent(TypedDict):
    """The content of a policy folder, see `policy_files`."""

    config: dict[str, Any]
    spaces: SpacesState
    steps: Count
    model: Tensors


def check_policy(content: dict[str, Any]) -> None:
    """Raise ValueError unless the content of a policy folder has the types and ranges that every policy has."""
    require_plain_containers(content)
    check_value("", content, PolicyContent, lenient=False)
    _check_policy(content)


def check_content(content: dict[str, Any]) -> None:
    """Raise ValueError unless the content of a checkpoint has the types and ranges that every run has.

    What depends on the objects of the run, such as shapes, is checked where these are: by `load_state_dict` of each.
    """
    require_plain_containers(content)
    check_value("", content, Content, lenient=False)
    if checksum(content) != content["checksum"]:
        raise ValueError("it is damaged: its checksum is another than when it was written")
    settings = _check_policy(content)
    require_finite("agent.optimizer", content["agent"]["optimizer"]["state"])
    require_finite("recent_returns", content["recent_returns"])
    if content["best_score"] != float("-inf"):  # before an episode has ended
        require_finite("best_score", content["best_score"])
    _require_rng("rng", content["rng"], torch.get_rng_state())
    for state in content["cuda_rng"]:
        if state.dtype != torch.uint8 or state.shape != (16,):
            raise ValueError(f"cuda_rng is {state.dtype} {tuple(state.shape)}; it must be uint8 (16,)")
    _require_rows(content, settings.num_envs)


def _check_policy(content: dict[str, Any]) -> RunSettings:
    """Return the settings; raise ValueError unless they, the spaces and the finite weights can be those of a run."""
    require_finite("model", content["model"])
    for name in ("config", "spaces"):
        _require_data(name, content[name])
    settings = RunSettings.from_config(content["config"])
    for part in PARTS:
        check_value(f"config.{part}", content["config"].get(part), dict[str, Any])
    return settings


def _require_rows(content: dict[str, Any], num_envs: int) -> None:
    """Raise ValueError unless there is a row for each environment in what is saved of them."""
    stream = content["stream"]
    step = stream["current_step"]
    flags = {name: value for name, value in step.items() if name != "obs"}
    saved = {"current_step.obs": step["obs"], "current_step": flags, "episodes": stream["episodes"]}
    for place, tensors in {**saved, "state": content["state"]}.items():
        for name, value in tensors.items():
            rows = len(value) if value.dim() else 0
            if rows != num_envs:
                raise ValueError(f"config.num_envs is {num_envs}; {place}.{name} has {rows} rows")


def _require_data(place: str, value: Any) -> None:
    """Raise ValueError unless a yaml file can hold the value: containers with names, and no tensors."""
    if isinstance(value, Tensor):
        raise ValueError(f"{place} is a tensor; it must be a plain value")
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{place} has the key {key!r}; it must be a text")
            _require_data(f"{place}.{key}", part)
    elif isinstance(value, list | tuple):
        for part in value:
            _require_data(place, part)


def _require_rng(name: str, state: Tensor, own: Tensor) -> None:
    """Raise ValueError unless this is the state of torch's random stream on the CPU."""
    if state.dtype != own.dtype or state.shape != own.shape:
        raise ValueError(f"{name} is {state.dtype} {tuple(state.shape)}; it must be {own.dtype} {tuple(own.shape)}")
    try:
        torch.Generator().set_state(state.cpu())
    except RuntimeError as error:
        raise ValueError(f"{name} is not the state of a random stream") from error

"""Streams, rollouts, returns, heads, encoders and agents."""

import copy
import functools
import math
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import Tensor

from memorl.agents import A2C, PPO, Actions, ActorCritic, Agent, Encoder, Stream, collect, gae, vtrace
from memorl.agents.heads import Categorical, Gaussian, Head
from memorl.envs import DelayedCue, RepeatPrevious
from tests.support.memories import make_memory, names


class Counter(gymnasium.Env[Any, Any]):
    """Shows the step; pays it; ends for good after `length` steps, or by a time limit where `limit` is set."""

    observation_space = spaces.Box(-1, 100, (1,), np.float32)

    def __init__(self, length: int, limit: bool, action_space: spaces.Space) -> None:
        self.length, self.limit, self.action_space = length, limit, action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.t += 1
        over = self.t == self.length
        info = {"success": float(self.t), "reward": 1.0, "note": "text", "place": np.ones(2)} if over else {}
        return np.full(1, self.t, np.float32), float(self.t), over and not self.limit, over and self.limit, info


def counters(space: spaces.Space | None = None) -> SyncVectorEnv:
    """Two environments: one of three steps that ends for good, one of two steps that ends by a time limit."""
    space = space or spaces.Discrete(2)
    return SyncVectorEnv([lambda: Counter(3, False, space), lambda: Counter(2, True, space)])


def make_model(stream: Stream, memory: str = "gru", **arguments: Any) -> ActorCritic:
    encoder = Encoder(stream.observation_space, 12, 8)
    return ActorCritic(encoder, make_memory(memory, 12), stream.actions, 0, 16, **arguments)


def test_flags_speak_of_the_observation_beside_them() -> None:
    stream = Stream(counters())
    steps = [copy.deepcopy(stream.reset(0))]
    for _ in range(8):
        steps.append(copy.deepcopy(stream.step(torch.zeros(2, 1, dtype=torch.long))))
    seen = [torch.stack([getattr(step, name) for step in steps]).squeeze(-1).T.tolist() for name in steps[0]._fields]
    obs, reward, first, last, terminal = seen
    assert obs == [[0, 1, 2, 3, 0, 1, 2, 3, 0], [0, 1, 2, 0, 1, 2, 0, 1, 2]]
    assert reward == obs
    assert first == [[x == 0 for x in row] for row in obs]
    assert last == [[x == end for x in row] for row, end in zip(obs, (3, 2), strict=True)]
    assert terminal == [last[0], [False] * 9]
    ended = [(e["return"], e["length"], e["success"]) for e in stream.episodes]
    assert ended == [(3, 2, 2), (6, 3, 3), (3, 2, 2), (6, 3, 3), (3, 2, 2)]
    assert all(set(e) == {"return", "length", "success"} for e in stream.episodes)


def test_last_action_and_reward_are_shown_and_forgotten() -> None:
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])), last_action=True, last_reward=True)
    step = stream.reset(0)
    assert set(step.obs) == set(stream.observation_space) == {"observation", "last_action", "last_reward"}
    for _ in range(8):
        step = stream.step(torch.tensor([[1, 2], [0, 1]]))
        shown = torch.tensor([[0.0, 1, 0, 0, 1], [1, 0, 0, 1, 0]]).masked_fill(step.first[:, None], 0)
        assert torch.equal(step.obs["last_action"], shown)
        assert torch.equal(step.obs["last_reward"][:, 0], step.reward)


def test_another_autoreset_mode_is_refused() -> None:
    env = SyncVectorEnv([lambda: Counter(3, False, spaces.Discrete(2))], autoreset_mode=AutoresetMode.SAME_STEP)
    with pytest.raises(ValueError, match=r"autoreset_mode is AutoresetMode\.SAME_STEP"):
        Stream(env)


def random_rows(T: int, N: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rewards, values, ends and ends for good."""
    reward, value = torch.randn(2, T + 1, N, dtype=torch.float64)
    last = torch.rand(T + 1, N) < 0.3
    return reward, value, last, last & (torch.rand(T + 1, N) < 0.5)


def test_gae_is_the_sum_of_discounted_errors() -> None:
    T, N, gamma, lam = 11, 4, 0.9, 0.8
    reward, value, last, terminal = random_rows(T, N)
    advantage = gae(reward, value, last, terminal, gamma, lam)
    for n in range(N):
        for t in range(T):
            total, k = 0.0, t
            while k < T:
                after = 0.0 if terminal[k + 1, n] else value[k + 1, n]
                total += (gamma * lam) ** (k - t) * (reward[k + 1, n] + gamma * after - value[k, n])
                if last[k + 1, n]:
                    break
                k += 1
            torch.testing.assert_close(advantage[t, n], torch.as_tensor(total, dtype=torch.float64))


@pytest.mark.parametrize(("lam", "rho_clip", "trace_clip"), [(1.0, 1.0, 1.0), (0.8, 1.5, 0.9)])
def test_vtrace_is_the_literal_sum(lam: float, rho_clip: float, trace_clip: float) -> None:
    """Equation 1 of the paper: a sum over the steps to come, each with the product of the ratios before it."""
    T, N, gamma = 11, 4, 0.9
    reward, value, last, terminal = random_rows(T, N)
    log_ratio = torch.randn(T, N, dtype=torch.float64)
    target, advantage = vtrace(reward, value, last, terminal, log_ratio, gamma, lam, rho_clip, trace_clip)
    ratio = log_ratio.exp()

    def worth(s: int, n: int) -> float:
        """v_s; that of an end, or of the last row, is V."""
        total, product = float(value[s, n]), 1.0
        for t in range(s, T):
            if t > s and last[t, n]:
                break
            after = 0.0 if terminal[t + 1, n] else float(value[t + 1, n])
            error = float(reward[t + 1, n]) + gamma * after - float(value[t, n])
            total += product * min(rho_clip, float(ratio[t, n])) * error
            product *= gamma * lam * min(trace_clip, float(ratio[t, n]))
        return total

    for n in range(N):
        for s in range(T):
            after = float(value[s + 1, n]) if last[s + 1, n] or s + 1 == T else worth(s + 1, n)
            after = 0.0 if terminal[s + 1, n] else after
            gain = float(reward[s + 1, n]) + gamma * after - float(value[s, n])
            assert float(target[s, n]) == pytest.approx(worth(s, n), abs=1e-12)
            assert float(advantage[s, n]) == pytest.approx(min(rho_clip, float(ratio[s, n])) * gain, abs=1e-12)


def test_on_policy_vtrace_is_the_n_step_return() -> None:
    rows = random_rows(11, 4)
    target, advantage = vtrace(*rows, torch.zeros(11, 4, dtype=torch.float64), gamma=0.9)
    expected = gae(*rows, gamma=0.9, lam=1.0)
    torch.testing.assert_close(advantage, expected)
    torch.testing.assert_close(target, expected + rows[1][:-1])
    decayed, _ = vtrace(*rows, torch.zeros(11, 4, dtype=torch.float64), gamma=0.9, lam=0.7)
    torch.testing.assert_close(decayed, gae(*rows, gamma=0.9, lam=0.7) + rows[1][:-1])


def test_a_time_limit_is_bootstrapped_with_the_state_of_its_episode() -> None:
    """The value at a `last` row is that of the un-reset memory, and an end for good is worth nothing."""
    stream = Stream(counters())
    model = make_model(stream)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 7)
    out, _ = model(rollout.obs[:3, 1:], model.memory.initial_state(1), rollout.first[:3, 1:])
    assert rollout.last[2, 1]
    torch.testing.assert_close(out.value[2, 0], rollout.value[2, 1])
    advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.9, 0.0)
    torch.testing.assert_close(advantage[1, 1], 2 + 0.9 * rollout.value[2, 1] - rollout.value[1, 1])
    torch.testing.assert_close(advantage[2, 0], 3 - rollout.value[2, 0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_is_shown_what_a_cpu_is() -> None:
    streams = [Stream(RepeatPrevious(num_envs=7, k=1, length=5), device, True, True) for device in ("cpu", "cuda")]
    for stream in streams:
        stream.reset(3)
    for _ in range(20):
        action = torch.randint(4, (7, 1))
        here, there = (stream.step(action.to(stream.device)) for stream in streams)
        for a, b in zip(here[1:], there[1:], strict=True):
            assert torch.equal(a, b.cpu())
        assert all(torch.equal(here.obs[key], there.obs[key].cpu()) for key in here.obs)


@pytest.mark.parametrize("every", [24, 8, 3, 1])
@pytest.mark.usefixtures("float64")
def test_the_first_replay_is_exact(memory_name: str, every: int) -> None:
    """Episodes of 6 rows against sequences of 24, 8, 3 and 1: starts fall everywhere."""
    stream = Stream(RepeatPrevious(num_envs=7, k=1, length=5), last_action=True)
    model = make_model(stream, memory_name)
    stream.reset(0)
    state = model.memory.initial_state(7)
    for _ in range(2):
        rollout = collect(stream, model, state, 24, every)
        state, rows = rollout.state, 0
        for batch in rollout.minibatches(3, torch.zeros(24, 7)):
            with torch.no_grad():
                (policy, value), _ = model(batch.obs, batch.state, batch.first)
            torch.testing.assert_close(policy.log_prob(batch.action).float(), batch.log_prob.float())
            torch.testing.assert_close(value.float(), batch.value[:-1].float())
            rows += batch.first.numel()
        assert rows == 24 * 7


def test_minibatches_deal_out_every_row_once() -> None:
    stream = Stream(RepeatPrevious(num_envs=5, k=1, length=4))
    model = make_model(stream)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(5), 12, 4)
    rollout.value[:-1] = torch.arange(60.0).view(12, 5)
    batches = list(rollout.minibatches(4, rollout.value[:-1]))
    assert [batch.first.shape[1] for batch in batches] == [4, 4, 4, 3]
    seen = torch.cat([batch.value[:-1] for batch in batches], 1)
    assert seen.flatten().sort().values.tolist() == list(range(60))
    assert (seen[1:] - seen[:-1] == 5).all(), "a sequence is consecutive rows of one environment"
    with pytest.raises(ValueError, match="sequence_length is 5; it must divide rollout_steps, which is 12"):
        collect(stream, model, rollout.state, 12, 5)
    assert rollout.steps == int((~rollout.last[:12]).sum()) < 60


def test_categorical_is_that_of_torch() -> None:
    logits = torch.randn(5, 4, 7)
    ours = Categorical(logits, (3, 4))
    theirs = [torch.distributions.Categorical(logits=part) for part in logits.split((3, 4), -1)]
    action = ours.sample()
    assert action.shape == (5, 4, 2)
    expected = torch.stack([d.log_prob(a) for d, a in zip(theirs, action.unbind(-1), strict=True)], -1)
    torch.testing.assert_close(ours.log_prob(action), expected)
    torch.testing.assert_close(ours.entropy(), theirs[0].entropy() + theirs[1].entropy())
    assert torch.equal(ours.mode(), torch.stack([d.logits.argmax(-1) for d in theirs], -1))
    many = Categorical(logits[0, 0].expand(40_000, 7), (3, 4)).sample()
    for branch, d in enumerate(theirs):
        share = torch.bincount(many[:, branch]) / len(many)
        torch.testing.assert_close(share, d.probs[0, 0], atol=0.01, rtol=0)


def test_gaussian_is_that_of_torch() -> None:
    mean, log_std = torch.randn(5, 4, 3), torch.randn(3)
    ours, theirs = Gaussian(mean, log_std), torch.distributions.Normal(mean, log_std.exp())
    action = ours.sample()
    torch.testing.assert_close(ours.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(ours.entropy(), theirs.entropy().sum(-1))
    assert torch.equal(ours.mode(), mean)
    many = Gaussian(torch.zeros(40_000, 3), log_std).sample()
    torch.testing.assert_close(many.std(0), log_std.exp(), rtol=0.02, atol=0)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(3),
        spaces.Discrete(3, start=-1),
        spaces.MultiDiscrete([2, 5]),
        spaces.Box(-1, 1, (2, 3), np.float32),
        spaces.Box(np.float64(-0.1), np.float64(0.1), (1,), np.float64),
    ],
)
def test_every_action_reaches_the_environment_inside_its_space(space: spaces.Space) -> None:
    actions = Actions(space)
    policy = Head(8, actions)(torch.randn(1, 50, 8))
    action = policy.sample()[0]
    assert policy.log_prob(action[None]).shape == (1, 50, actions.branches)
    sent = actions.to_env(action)
    assert all(space.contains(a if sent.ndim > 1 else np.int64(a)) for a in sent)
    assert actions.encode(action).shape == (50, actions.feature_size)


def test_unknown_spaces_are_named() -> None:
    with pytest.raises(ValueError, match=r"action_space is Text.*; supported are Discrete"):
        Actions(spaces.Text(3))
    with pytest.raises(ValueError, match=r"observation_space\['a'\] is Text"):
        Encoder(spaces.Dict({"a": spaces.Text(3)}))
    with pytest.raises(ValueError, match=r"shape \(20, 84, 3\); three convolutions need at least 36 x 36"):
        Encoder(spaces.Box(0, 255, (20, 84, 3), np.uint8))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 255, (84, 84, 3), np.uint8),
        spaces.Box(0, 255, (36, 40, 1), np.uint8),
        spaces.Box(-1, 1, (2, 3), np.float32),
        spaces.Discrete(3, start=2),
        spaces.MultiDiscrete([2, 5], start=[1, 0]),
        spaces.MultiBinary(4),
        spaces.Dict({"look": spaces.Box(0, 255, (84, 84, 3), np.uint8), "n": spaces.Discrete(2)}),
    ],
)
def test_every_observation_is_encoded(space: spaces.Space) -> None:
    encoder = Encoder(space, 16, 8)
    samples = [space.sample() for _ in range(3)]
    if isinstance(space, spaces.Dict):
        obs: Any = {k: torch.as_tensor(np.stack([s[k] for s in samples])) for k in space}
    else:
        obs = torch.as_tensor(np.stack(samples))
    x = encoder(obs)
    assert x.shape == (3, 16)
    x.sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())


@torch.no_grad()
def literal_loss(agent: PPO, batch: Any) -> float:
    """The loss of PPO, decision by decision."""
    (policy, value), _ = agent.model(batch.obs, batch.state, batch.first)
    new, entropy = policy.log_prob(batch.action), policy.entropy()
    clip = agent.now["clip"]
    decided = [(t, m) for t, m in np.ndindex(*batch.first.shape) if batch.valid[t, m]]
    advantages = torch.stack([batch.advantage[i] for i in decided])
    mean, std = advantages.mean(), advantages.std()
    total = 0.0
    for i in decided:
        a = (batch.advantage[i] - mean) / (std + 1e-8) if agent.normalize_advantage else batch.advantage[i]
        logs = new[i] - batch.log_prob[i]
        ratios = [logs.sum().exp()] if agent.joint_ratio else list(logs.exp())
        gains = [min(r * a, min(max(r, 1 - clip), 1 + clip) * a) for r in ratios]
        v, old, target = value[i], batch.value[i], batch.advantage[i] + batch.value[i]
        error = (v - target) ** 2
        if agent.clip_value:
            near = old + min(max(v - old, -clip), clip)
            error = max(error, (near - target) ** 2)
        total += -sum(gains) / len(gains) + agent.value_coef * error - agent.now["entropy_coef"] * entropy[i]
    return float(total) / len(decided)


@pytest.mark.parametrize("normalize_advantage", [False, True])
@pytest.mark.parametrize("joint_ratio", [False, True])
@pytest.mark.parametrize("clip_value", [False, True])
@pytest.mark.usefixtures("float64")
def test_the_loss_is_the_literal_one(normalize_advantage: bool, joint_ratio: bool, clip_value: bool) -> None:
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])))
    model = make_model(stream)
    switches = {"normalize_advantage": normalize_advantage, "joint_ratio": joint_ratio, "clip_value": clip_value}
    agent = PPO(model, minibatches=1, entropy_coef=0.01, **switches)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    for batch in rollout.minibatches(1, torch.randn(9, 2)):
        loss, parts = agent.loss(batch)
        assert 0 < parts["clipfrac"] < 1
        assert loss.item() == pytest.approx(literal_loss(agent, batch), rel=1e-6)


@pytest.mark.parametrize("kind", [PPO, A2C, functools.partial(A2C, reduction="sum", normalize_advantage=True)])
def test_rows_without_a_decision_teach_nothing(kind: Callable[..., Agent]) -> None:
    stream = Stream(counters())
    model = make_model(stream, "none")
    agent = kind(model)
    stream.reset(0)
    rollout = collect(stream, model, {}, 9)
    (batch,) = rollout.minibatches(1, torch.randn(9, 2))
    loss, _ = agent.loss(batch)
    for rows in (batch.advantage, batch.value[:-1], batch.log_prob):
        rows[~batch.valid] = float("inf")
    assert (~batch.valid).any()
    assert agent.loss(batch)[0] == loss


@pytest.mark.parametrize("normalize_advantage", [False, True])
@pytest.mark.parametrize("returns", ["n_step", "vtrace"])
@pytest.mark.usefixtures("float64")
def test_the_loss_of_a2c_is_the_literal_one(returns: str, normalize_advantage: bool) -> None:
    """On policy both kinds of returns are the n-step one; the sum is the mean times the number of decisions."""
    stream = Stream(counters(spaces.MultiDiscrete([2, 3])))
    model = make_model(stream)
    agent = A2C(model, returns=returns, normalize_advantage=normalize_advantage)
    stream.reset(0)
    rollout = collect(stream, model, model.memory.initial_state(2), 9)
    (batch,) = rollout.minibatches(1, gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.99, 1.0))
    with torch.no_grad():
        (policy, value), _ = model(batch.obs, batch.state, batch.first)
    decided = [(t, m) for t, m in np.ndindex(*batch.first.shape) if batch.valid[t, m]]
    gains = torch.stack([batch.advantage[i] for i in decided])
    total = 0.0
    for i, gain in zip(decided, gains, strict=True):
        scaled = (gain - gains.mean()) / (gains.std() + 1e-8) if normalize_advantage else gain
        error = value[i] - (batch.advantage[i] + batch.value[i])
        total += float(0.25 * error**2 - policy.log_prob(batch.action)[i].sum() * scaled - 0.01 * policy.entropy()[i])
    loss, parts = agent.loss(batch)
    assert loss.item() == pytest.approx(total / len(decided), rel=1e-5)
    assert parts["approx_kl"].abs() < 1e-6
    agent.reduction = "sum"
    assert agent.loss(batch)[0].item() == pytest.approx(total, rel=1e-5)


def gradients(model: torch.nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """Of every parameter that the loss depends on."""
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(loss, [*parameters.values()], retain_graph=True, allow_unused=True)
    return {key: grad for key, grad in zip(parameters, found, strict=True) if grad is not None}


@pytest.mark.parametrize("name", [name for name in names() if "rtrl" in name])
@pytest.mark.usefixtures("float64")
def test_an_update_of_r2ac_has_the_gradient_of_the_whole_history(name: str) -> None:
    """While the weights stand still: rollouts of 4 rows, episodes of 7 to 12, and the loss of every one in turn."""
    stream = Stream(DelayedCue(num_envs=5, delay=[5, 10]), last_reward=True)
    model = make_model(stream, name)
    plain = copy.deepcopy(model)
    plain.memory.credit = "bptt"  # type: ignore[assignment]
    agent = A2C(model, returns="vtrace", reduction="sum", gamma=0.9)
    stream.reset(0)
    state, rollouts = model.memory.initial_state(5), []
    for _ in range(8):
        rollouts.append(collect(stream, model, state, 4))
        state = rollouts[-1].state
    obs = {key: torch.cat([r.obs[key][:-1] for r in rollouts]) for key in rollouts[0].obs}
    first = torch.cat([r.first[:-1] for r in rollouts])
    (policy, value), _ = plain(obs, plain.memory.initial_state(5), first)
    values = value.split(4)
    entropy = policy.entropy().split(4)
    log_prob = policy.log_prob(torch.cat([r.action for r in rollouts])).sum(-1).split(4)
    missed, past = 0.0, plain.memory.initial_state(5)
    for k, (rollout, v) in enumerate(zip(rollouts, values, strict=True)):
        advantage = gae(rollout.reward, rollout.value, rollout.last, rollout.terminal, 0.9, 1.0)
        (batch,) = rollout.minibatches(1, advantage)
        terms = 0.25 * (v - advantage - rollout.value[:-1]) ** 2 - log_prob[k] * advantage - 0.01 * entropy[k]
        exact = gradients(plain, terms[~rollout.last[:-1]].sum())
        for key, grad in gradients(model, agent.loss(batch)[0]).items():
            if not key.startswith("encoder"):
                torch.testing.assert_close(grad, exact[key], rtol=1e-4, atol=1e-6, msg=lambda m, k=key: f"{k}: {m}")
        rows = {key: part[:-1] for key, part in rollout.obs.items()}
        (_, v), past = plain(rows, {key: part.detach() for key, part in past.items()}, rollout.first[:-1])
        for key, grad in gradients(plain.memory, v.sum()).items():
            whole = gradients(plain.memory, values[k].sum())[key]
            missed = max(missed, float((grad - whole).norm() / whole.norm()))
    assert missed > 0.1, "a test too easy"


def learning(agent: Agent, stream: Stream, updates: int, rows: int = 64, last: int = 1) -> float:
    """The mean return over the episodes of the last updates."""
    stream.reset(0)
    state = agent.model.memory.initial_state(stream.env.num_envs)
    for update in range(updates):
        if update <= updates - last:
            stream.episodes = []
        rollout = collect(stream, agent.model, state, rows)
        state = rollout.state
        agent.update(rollout)
    return float(np.mean([e["return"] for e in stream.episodes]))


@pytest.mark.parametrize(("memory", "low", "high"), [("gru", 0.95, 1.001), ("lstm", 0.95, 1.001), ("none", 0, 0.4)])
def test_memory_is_what_solves_repeat_previous(memory: str, low: float, high: float) -> None:
    stream = Stream(RepeatPrevious(num_envs=32, k=2, symbols=3, length=20))
    encoder = Encoder(stream.observation_space, 32, 32)
    model = ActorCritic(encoder, make_memory(memory, 32, hidden_size=32), stream.actions, 0, 32)
    agent = PPO(
        model, lr=3e-3, final_lr=None, gamma=0.3, lam=0.9, entropy_coef=0.01, final_entropy_coef=None,
        clip=0.2, normalize_advantage=True, minibatches=4, epochs=4, max_grad_norm=0.5,
    )  # fmt: skip
    assert low <= learning(agent, stream, 30) <= high


@pytest.mark.parametrize(
    "arguments", [{}, {"returns": "vtrace", "epochs": 3, "minibatches": 2}], ids=["n_step", "vtrace"]
)
def test_a2c_learns_with_a_memory(arguments: dict[str, Any]) -> None:
    stream = Stream(RepeatPrevious(num_envs=32, k=1, symbols=3, length=20))
    encoder = Encoder(stream.observation_space, 32, 32)
    model = ActorCritic(encoder, make_memory("gru", 32, hidden_size=32), stream.actions, 0, 32)
    agent = A2C(model, lr=3e-3, optimizer="adam", gamma=0.3, normalize_advantage=True, **arguments)
    assert learning(agent, stream, 150 // (3 if arguments else 1), 16) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("credit", "low", "high"), [("rtrl", 0.9, 1.001), ("bptt", 0.3, 0.65)])
def test_r2ac_learns_a_delay_longer_than_its_chunks(credit: str, low: float, high: float) -> None:
    """A cue of six steps ago in chunks of two; the same with credit that ends with the chunk stays at a half."""
    torch.manual_seed(2)
    stream = Stream(DelayedCue(num_envs=64, delay=6))
    memory = make_memory("elstm", 32, hidden_size=32, forget_bias=1.0, credit=credit, encoder_grad="none")
    model = ActorCritic(Encoder(stream.observation_space, 32, 32), memory, stream.actions, 0, 32)
    agent = A2C(model, lr=1e-2, optimizer="adam", returns="vtrace")
    assert low < learning(agent, stream, 240, rows=2, last=40) < high


def test_n_step_returns_are_learned_from_once() -> None:
    model = make_model(Stream(counters()))
    with pytest.raises(ValueError, match="epochs is 2 and minibatches 1; more than 1 needs returns=vtrace"):
        A2C(model, epochs=2)


def small_agent(**arguments: Any) -> tuple[PPO, Stream]:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    stream.reset(0)
    return PPO(make_model(stream), **({"minibatches": 2, "epochs": 3} | arguments)), stream


def test_schedules_are_linear_and_stay_at_their_ends() -> None:
    agent, stream = small_agent(lr=1.0, final_lr=0.5, clip=0.2, final_clip=0.1, entropy_coef=0.3, anneal_steps=40)
    told = []
    for _ in range(4):
        rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
        before, stats = agent.steps, agent.update(rollout)
        told.append((before, stats["charts/learning_rate"], stats["charts/clip"], stats["charts/entropy_coef"]))
    for steps, lr, clip, entropy in told:
        done = min(1, steps / 40)
        assert (lr, clip) == (pytest.approx(1 - 0.5 * done), pytest.approx(0.2 - 0.1 * done))
        assert entropy == pytest.approx(0.3 + (1e-6 - 0.3) * done)
    assert told[-1][0] > 40


def test_target_kl_ends_the_epochs() -> None:
    for target, epochs in ((1e-12, 1), (1e12, 3), (None, 3)):
        agent, stream = small_agent(target_kl=target, lr=1e-3)
        rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
        agent.update(rollout)
        (steps,) = {int(state["step"]) for state in agent.optimizer.state.values()}
        assert steps == 2 * epochs


def test_gradients_are_clipped() -> None:
    agent, stream = small_agent(max_grad_norm=1e-3, epochs=1, minibatches=1)
    agent.update(collect(stream, agent.model, agent.model.memory.initial_state(4), 6))
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in agent.model.parameters() if p.grad is not None))
    assert norm == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("where", ["parameter", "reward"])
def test_a_loss_that_is_not_finite_stops(where: str) -> None:
    agent, stream = small_agent()
    rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
    if where == "reward":
        rollout.reward[3, 2] = float("nan")
    else:
        agent.model.value.weight.data[0, 0] = float("inf")
    with pytest.raises(FloatingPointError, match=r"losses/\w+ is (nan|-?inf) at step \d+"):
        agent.update(rollout)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"lr": 0.0}, "lr is 0.0; it must be positive"),
        ({"epochs": 0}, "epochs is 0; it must be positive"),
        ({"max_grad_norm": -1.0}, "max_grad_norm is -1.0; it must be positive"),
        ({"gamma": 1.5}, "gamma is 1.5 and lam 0.95; both must lie between 0 and 1"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        small_agent(**arguments)


def test_more_minibatches_than_sequences_are_refused() -> None:
    agent, stream = small_agent(minibatches=5)
    rollout = collect(stream, agent.model, agent.model.memory.initial_state(4), 6)
    with pytest.raises(ValueError, match="minibatches is 5; a rollout has only 4 sequences"):
        agent.update(rollout)


def test_bfloat16_keeps_states_and_outputs_in_float32() -> None:
    stream = Stream(RepeatPrevious(num_envs=4, k=1, length=5))
    model = make_model(stream, precision="bfloat16")
    step = stream.reset(0)
    (policy, value), state = model(step.obs[None], model.memory.initial_state(4), step.first[None])
    assert value.dtype == state["h"].dtype == policy.log_prob(policy.sample()).dtype == torch.float32
    exact = make_model(stream)
    exact.load_state_dict(model.state_dict())
    torch.testing.assert_close(
        exact(step.obs[None], exact.memory.initial_state(4), step.first[None])[0].value, value, atol=0.05, rtol=0.05
    )
    with pytest.raises(ValueError, match="precision is 'half'; it must be one of float32, bfloat16"):
        make_model(stream, precision="half")


def test_the_model_of_the_paper_has_its_size() -> None:
    """CNN, 3136 -> 512, GRU 512, body 512, two branches of 512 and heads of 3 + 3: about 4.05 M parameters."""
    actions = Actions(spaces.MultiDiscrete([3, 3]))
    encoder = Encoder(spaces.Box(0, 255, (84, 84, 3), np.uint8))
    model = ActorCritic(encoder, make_memory("gru", 512, hidden_size=512), actions)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(4.05e6, rel=0.01)

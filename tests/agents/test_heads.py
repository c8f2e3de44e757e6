"""Distributions are those of torch."""

import pytest
import torch

from memorl.agents.heads import Categorical, Gaussian, Joint


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
    mean = torch.randn(5, 4, 3)
    log_std = torch.randn(3)
    ours = Gaussian(mean, log_std)
    theirs = torch.distributions.Normal(mean, log_std.exp())
    action = ours.sample()
    torch.testing.assert_close(ours.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(ours.entropy(), theirs.entropy().sum(-1))
    assert torch.equal(ours.mode(), mean)
    many = Gaussian(torch.zeros(40_000, 3), log_std).sample()
    torch.testing.assert_close(many.std(0), log_std.exp(), rtol=0.02, atol=0)


@pytest.mark.parametrize("kind", ["categorical", "gaussian", "joint"])
def test_random_numbers_choose_samples(kind: str) -> None:
    choices = Categorical(torch.randn(7).expand(40_000, 7), (3, 4))
    coordinates = Gaussian(torch.randn(3).expand(40_000, 3), torch.randn(3))
    distribution = {"categorical": choices, "gaussian": coordinates, "joint": Joint(choices, coordinates)}[kind]
    numbers = {"categorical": torch.rand(40_000, 7), "gaussian": torch.randn(40_000, 3)}
    noise = numbers.get(kind, torch.cat(list(numbers.values()), -1))
    action = distribution.draw(noise)
    sampled = distribution.sample()
    assert action.shape == sampled.shape
    assert action.dtype == sampled.dtype
    assert torch.equal(action, distribution.draw(noise))
    torch.testing.assert_close(action.double().mean(0), sampled.double().mean(0), atol=0.1, rtol=0)
    torch.testing.assert_close(action.double().std(0), sampled.double().std(0), atol=0.02, rtol=0.05)
    torch.testing.assert_close(
        distribution.log_prob(action).mean(0), distribution.log_prob(sampled).mean(0), atol=0.05, rtol=0
    )

"""The environments that stable-baselines3 tests its own agents with, under ids."""

from functools import partial

import gymnasium
from stable_baselines3.common import envs

gymnasium.register("BitFlipping-v0", partial(envs.BitFlippingEnv, n_bits=5))
gymnasium.register("FakeImage-v0", partial(envs.FakeImageEnv, screen_height=84, screen_width=84))
gymnasium.register("Identity-v0", partial(envs.IdentityEnv, dim=3))
gymnasium.register("IdentityBox-v0", envs.IdentityEnvBox)
gymnasium.register("IdentityMultiBinary-v0", partial(envs.IdentityEnvMultiBinary, dim=3))
gymnasium.register("IdentityMultiDiscrete-v0", partial(envs.IdentityEnvMultiDiscrete, dim=3))
gymnasium.register("SimpleMultiObs-v0", envs.SimpleMultiObsEnv)

"""Natively batched, compiled environments, registered with Gymnasium under `memorl/`.

from memorl.envs import MortarMayhem
envs = MortarMayhem(num_envs=32)                          # a gymnasium.vector.VectorEnv
env = gymnasium.make("memorl/MortarMayhem-Grid-v0")       # one gymnasium.Env
"""

from gymnasium.envs.registration import register

from memorl.envs.copy import Copy
from memorl.envs.core import BatchedEnv
from memorl.envs.delayed_cue import DelayedCue
from memorl.envs.delayed_match_to_sample import DelayedMatchToSample
from memorl.envs.mortar_mayhem import MortarMayhem
from memorl.envs.mystery_path import MysteryPath
from memorl.envs.n_parity import NParity
from memorl.envs.repeat_first import RepeatFirst
from memorl.envs.repeat_previous import RepeatPrevious
from memorl.envs.searing_spotlights import SearingSpotlights
from memorl.envs.single import SingleEnv

__all__ = [
    "BatchedEnv",
    "Copy",
    "DelayedCue",
    "DelayedMatchToSample",
    "MortarMayhem",
    "MysteryPath",
    "NParity",
    "RepeatFirst",
    "RepeatPrevious",
    "SearingSpotlights",
    "SingleEnv",
]

for _name, _module, _game, _arguments in (
    ("MortarMayhem-v0", "mortar_mayhem", "MortarMayhem", {}),
    ("MortarMayhem-Grid-v0", "mortar_mayhem", "MortarMayhem", {"grid": True}),
    ("MortarMayhemB-v0", "mortar_mayhem", "MortarMayhem", {"act_only": True}),
    ("MortarMayhemB-Grid-v0", "mortar_mayhem", "MortarMayhem", {"grid": True, "act_only": True}),
    ("Endless-MortarMayhem-v0", "mortar_mayhem", "MortarMayhem", {"endless": True}),
    ("MysteryPath-v0", "mystery_path", "MysteryPath", {}),
    ("MysteryPath-Grid-v0", "mystery_path", "MysteryPath", {"grid": True}),
    ("Endless-MysteryPath-v0", "mystery_path", "MysteryPath", {"endless": True}),
    ("SearingSpotlights-v0", "searing_spotlights", "SearingSpotlights", {}),
    ("Endless-SearingSpotlights-v0", "searing_spotlights", "SearingSpotlights", {"endless": True}),
    ("RepeatPrevious-v0", "repeat_previous", "RepeatPrevious", {}),
    ("RepeatFirst-v0", "repeat_first", "RepeatFirst", {}),
    ("DelayedCue-v0", "delayed_cue", "DelayedCue", {}),
    ("Copy-v0", "copy", "Copy", {}),
    ("Autoencode-v0", "copy", "Copy", {"delay": 0, "backwards": True}),
    ("NParity-v0", "n_parity", "NParity", {}),
    ("DelayedMatchToSample-v0", "delayed_match_to_sample", "DelayedMatchToSample", {}),
):
    register(
        id=f"memorl/{_name}",
        entry_point=f"memorl.envs.{_module}:Single{_game}",
        vector_entry_point=f"memorl.envs.{_module}:{_game}",
        kwargs=_arguments,
    )

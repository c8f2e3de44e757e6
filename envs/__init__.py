"""Natively batched, compiled environments, registered with Gymnasium under `memorl/`.

from memorl.envs import MortarMayhem, make
envs = MortarMayhem(num_envs=32)                          # a gymnasium.vector.VectorEnv
envs = make("mortar_mayhem", num_envs=32)                 # what train.py env=mortar_mayhem trains on
env = gymnasium.make("memorl/MortarMayhem-Grid-v0")       # one gymnasium.Env
"""

from memorl.envs.adapters.from_gymnasium import FromGymnasium
from memorl.envs.adapters.gymnax import Gymnax
from memorl.envs.adapters.infos import InvalidReturn
from memorl.envs.adapters.mask_velocity import MaskVelocity
from memorl.envs.adapters.minigrid import MiniGrid
from memorl.envs.adapters.next_step import NextStep
from memorl.envs.adapters.popgym import POPGym
from memorl.envs.classic.cartpole_no_vel import CartPoleNoVel
from memorl.envs.classic.pendulum_no_vel import PendulumNoVel
from memorl.envs.engine.batched_env import BatchedEnv
from memorl.envs.engine.single_env import SingleEnv, register
from memorl.envs.make import find_config, make, prepare_batch
from memorl.envs.mortar_mayhem.mortar_mayhem import MortarMayhem
from memorl.envs.mystery_path.mystery_path import MysteryPath
from memorl.envs.pobax.battleship import POBAXBattleship
from memorl.envs.pobax.rock_sample import POBAXRockSample
from memorl.envs.pobax.t_maze import POBAXTMaze
from memorl.envs.popgym.autoencode import POPGymAutoencode
from memorl.envs.popgym.battleship import POPGymBattleship
from memorl.envs.popgym.concentration import POPGymConcentration
from memorl.envs.popgym.count_recall import POPGymCountRecall
from memorl.envs.popgym.higher_lower import POPGymHigherLower
from memorl.envs.popgym.minesweeper import POPGymMineSweeper
from memorl.envs.popgym.multiarmed_bandit import POPGymMultiarmedBandit
from memorl.envs.popgym.noisy_position_only_cartpole import POPGymNoisyPositionOnlyCartPole
from memorl.envs.popgym.noisy_position_only_pendulum import POPGymNoisyPositionOnlyPendulum
from memorl.envs.popgym.position_only_cartpole import POPGymPositionOnlyCartPole
from memorl.envs.popgym.position_only_pendulum import POPGymPositionOnlyPendulum
from memorl.envs.popgym.repeat_first import POPGymRepeatFirst
from memorl.envs.popgym.repeat_previous import POPGymRepeatPrevious
from memorl.envs.popgym.velocity_only_cartpole import POPGymVelocityOnlyCartPole
from memorl.envs.searing_spotlights.searing_spotlights import SearingSpotlights
from memorl.envs.tasks.bsuite_memory import BsuiteMemory
from memorl.envs.tasks.copy import Copy
from memorl.envs.tasks.delayed_cue import DelayedCue
from memorl.envs.tasks.delayed_match_to_sample import DelayedMatchToSample
from memorl.envs.tasks.n_parity import NParity
from memorl.envs.tasks.proof_of_memory import ProofOfMemory
from memorl.envs.tasks.repeat_first import RepeatFirst
from memorl.envs.tasks.repeat_previous import RepeatPrevious
from memorl.envs.tasks.t_maze import TMaze

__all__ = [
    "BatchedEnv",
    "BsuiteMemory",
    "CartPoleNoVel",
    "Copy",
    "DelayedCue",
    "DelayedMatchToSample",
    "FromGymnasium",
    "Gymnax",
    "InvalidReturn",
    "MaskVelocity",
    "MiniGrid",
    "MortarMayhem",
    "MysteryPath",
    "NParity",
    "NextStep",
    "POBAXBattleship",
    "POBAXRockSample",
    "POBAXTMaze",
    "POPGym",
    "POPGymAutoencode",
    "POPGymBattleship",
    "POPGymConcentration",
    "POPGymCountRecall",
    "POPGymHigherLower",
    "POPGymMineSweeper",
    "POPGymMultiarmedBandit",
    "POPGymNoisyPositionOnlyCartPole",
    "POPGymNoisyPositionOnlyPendulum",
    "POPGymPositionOnlyCartPole",
    "POPGymPositionOnlyPendulum",
    "POPGymRepeatFirst",
    "POPGymRepeatPrevious",
    "POPGymVelocityOnlyCartPole",
    "PendulumNoVel",
    "ProofOfMemory",
    "RepeatFirst",
    "RepeatPrevious",
    "SearingSpotlights",
    "SingleEnv",
    "TMaze",
    "find_config",
    "make",
    "prepare_batch",
    "register",
]

register("MortarMayhem-v0", MortarMayhem)
register("MortarMayhem-Grid-v0", MortarMayhem, grid=True)
register("MortarMayhemB-v0", MortarMayhem, act_only=True)
register("MortarMayhemB-Grid-v0", MortarMayhem, grid=True, act_only=True)
register("Endless-MortarMayhem-v0", MortarMayhem, endless=True)
register("MysteryPath-v0", MysteryPath)
register("MysteryPath-Grid-v0", MysteryPath, grid=True)
register("Endless-MysteryPath-v0", MysteryPath, endless=True)
register("SearingSpotlights-v0", SearingSpotlights)
register("Endless-SearingSpotlights-v0", SearingSpotlights, endless=True)
register("RepeatPrevious-v0", RepeatPrevious)
register("RepeatFirst-v0", RepeatFirst)
register("DelayedCue-v0", DelayedCue)
register("Copy-v0", Copy)
register("Autoencode-v0", Copy, delay=0, backwards=True)
register("NParity-v0", NParity)
register("DelayedMatchToSample-v0", DelayedMatchToSample)
register("ProofOfMemory-v0", ProofOfMemory)
register("BsuiteMemoryLen-v0", BsuiteMemory)
register("BsuiteMemorySize-v0", BsuiteMemory, memory_length=2, num_bits=10)
register("TMaze-Passive-v0", TMaze)
register("TMaze-Active-v0", TMaze, corridor_length=20, oracle_distance=1)
register("POBAXTMaze-v0", POBAXTMaze)
register("POBAXRockSample-v0", POBAXRockSample)
register("POBAXBattleship-v0", POBAXBattleship)
register("CartPoleNoVel-v1", CartPoleNoVel)
register("PendulumNoVel-v1", PendulumNoVel)

for _task in (
    POPGymAutoencode,
    POPGymBattleship,
    POPGymConcentration,
    POPGymCountRecall,
    POPGymHigherLower,
    POPGymMineSweeper,
    POPGymMultiarmedBandit,
    POPGymNoisyPositionOnlyCartPole,
    POPGymNoisyPositionOnlyPendulum,
    POPGymPositionOnlyCartPole,
    POPGymPositionOnlyPendulum,
    POPGymRepeatFirst,
    POPGymRepeatPrevious,
    POPGymVelocityOnlyCartPole,
):
    for _difficulty in ("easy", "medium", "hard"):
        register(f"{_task.__name__}-{_difficulty.capitalize()}-v0", _task, difficulty=_difficulty)

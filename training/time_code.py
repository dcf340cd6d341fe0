"""The time that the built-in model's silence latent tells.

Attention sees distances only, so the small transformer cannot know how far into a song a frame lies, and its beats drift. The
silence latent stands wherever there is no source, and the program takes it from the same place of its table; so the table
may say where that is. It is a part of the model's data like its weights: the program treats it as any other silence latent.

Each wave repeats a whole number of times a minute. At a whole number of beats a minute the table may therefore be repeated
after a minute (as the program does for longer songs) without a break of the beat.
"""
import math

import torch

RATE = 25                                       # latent frames a second
PER_MINUTE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 34, 48, 68, 96, 120, 150, 190)
CHANNELS = slice(32, 32 + 2 * len(PER_MINUTE))  # of the 64 of a latent


def time_code(first_second, frames):
    """[..., frames, 64]: sines and cosines of the time of each frame's middle. first_second [...]: of the first frame's start."""
    first = torch.as_tensor(first_second, dtype=torch.float64)
    seconds = first[..., None] + (torch.arange(frames, dtype=torch.float64) + .5) / RATE
    angle = 2 * math.pi * seconds[..., None] * torch.tensor(PER_MINUTE, dtype=torch.float64) / 60
    code = torch.zeros(*seconds.shape, 64)
    code[..., CHANNELS] = torch.cat([angle.sin(), angle.cos()], dim=-1).float()
    return code


def first_seconds(bars, repainted, rng):
    """Where each row's song lies on the clock, float64 [rows].

    bars: seconds of a bar of each row. Half of the songs begin at zero, the others at one of their bars within four
    minutes, so that the clock keeps its meaning in long songs. A third of the `repainted` rows lie anywhere: a recording
    need not begin with a bar, and what is heard must then win over the clock.
    """
    bars = torch.as_tensor(bars, dtype=torch.float64)
    begin = torch.from_numpy(rng.random(len(bars))) * 240
    on_a_bar = (begin / bars).floor() * bars
    anywhere = torch.as_tensor(repainted) & torch.from_numpy(rng.random(len(bars)) < 1 / 3)
    at_zero = torch.from_numpy(rng.random(len(bars)) < .5)
    return torch.where(anywhere, begin, torch.where(at_zero, torch.zeros_like(begin), on_a_bar))

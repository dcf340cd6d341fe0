"""Endless rendered music for training: worker processes compose, the device renders into a pool."""
import multiprocessing
import queue

import numpy as np
import torch

from .music.compose import compose
from .music.synth import RATE, Synth

HELD_OUT = 10 ** 9          # seeds from here on are never trained on


def _compose_forever(out, first, step, duration, stop):
    seed = first
    while not stop.is_set():
        song = compose(seed, duration)
        while not stop.is_set():
            try:
                out.put(song, timeout=1)
                break
            except queue.Full:
                pass
        seed += step


class Composer:
    """Background processes that fill a queue with songs; start it before the device is touched (it forks)."""

    def __init__(self, duration, workers, first_seed=0, depth=64):
        context = multiprocessing.get_context("fork")
        self.queue, self.stop = context.Queue(depth), context.Event()
        self.processes = [context.Process(target=_compose_forever, daemon=True,
                                          args=(self.queue, first_seed + i, workers, duration, self.stop))
                          for i in range(workers)]
        for process in self.processes:
            process.start()

    def take(self, count):
        return [self.queue.get() for _ in range(count)]

    def close(self):
        self.stop.set()
        for process in self.processes:
            process.terminate()


class CropPool:
    """Rendered songs on the device, a few replaced at every refresh; random crops are cut out of it."""

    def __init__(self, composer, device, size, refresh, seed=0):
        self.composer, self.refresh_count = composer, refresh
        self.synth = Synth(device)
        self.rng = np.random.default_rng(seed)
        parts = [self.synth.render(composer.take(refresh)) for _ in range(max(1, size // refresh))]
        self.audio = torch.cat(parts)
        self.rendered_seconds, self.next = self.audio.shape[0] * self.audio.shape[-1] / RATE, 0

    def refresh(self):
        fresh = self.synth.render(self.composer.take(self.refresh_count))
        self.audio[self.next:self.next + len(fresh)] = fresh
        self.next = (self.next + len(fresh)) % (self.audio.shape[0] // len(fresh) * len(fresh))
        self.rendered_seconds += fresh.shape[0] * fresh.shape[-1] / RATE

    def crops(self, count, samples):
        """[count, 2, samples] with random gain, polarity and channel swap."""
        songs = self.rng.integers(0, self.audio.shape[0], count)
        begins = self.rng.integers(0, self.audio.shape[-1] - samples, count)
        out = torch.stack([self.audio[s, :, b:b + samples] for s, b in zip(songs, begins)])
        gain = 10 ** (self.rng.uniform(-14, 3, (count, 1, 1)) / 20) * self.rng.choice([-1, 1], (count, 1, 1))
        out = out * torch.from_numpy(gain.astype(np.float32)).to(out.device)
        swap = self.rng.random(count) < .5
        out[swap] = out[swap].flip(1)
        return out.clamp(-1, 1)

"""A growing set of encoded songs with tokenized descriptions: the training data of the DiT and the planner."""
import multiprocessing
import queue
import threading

import numpy as np
import torch

from reference import prompts, tokenizer

from .music.captions import describe
from .music.compose import compose
from .music.features import frame_features
from .music.synth import Synth
from .time_code import time_code

VARIANTS = 4                       # wordings per song
TEXT_TOKENS, LYRIC_TOKENS = 128, 48
TASKS = ("text2music", "cover", "repaint")
METAS = ("bpm", "timesignature", "keyscale")
DURATIONS = (10, 20, 30)           # seconds
SHARES = (.25, .5, .25)          # of the songs


def tokenize(description, words, plain, rng):
    """Token ids of one wording: text prompt per task (some metadata hidden), lyric prompt, the planner's two parts.

    `plain` is the same tokenizer without the end mark, as the planner uses it.
    """
    hidden = [key for key in METAS if rng.random() < .15]
    thought = prompts.planner_thought(description, rng.random() < .15, rng.random() < .3)
    row = {"lyric": words.encode(prompts.lyric_prompt(description), LYRIC_TOKENS), "description": description,
           "head": plain.encode(prompts.planner_prompt(description)), "thought": plain.encode(thought)}
    for task in TASKS:
        row[task] = words.encode(prompts.text_prompt(description, task, hidden), TEXT_TOKENS)
    return row


def _compose_forever(out, folder, first, step):
    words, seed = tokenizer.load(folder), first
    plain = tokenizer.Tokenizer(words.vocabulary, words.merges, words.added)
    while True:
        rng = np.random.default_rng((seed, 5))
        duration = float(rng.choice(DURATIONS, p=SHARES))
        song = compose(seed, duration)
        song.features = frame_features(song)
        out.put((song, [tokenize(describe(song, v), words, plain, rng) for v in range(VARIANTS)]))
        seed += step


class Source:
    """Worker processes that compose, describe and tokenize; start it before the device is touched (it forks).

    A thread empties their pipe all the time: it holds only a handful of songs, so that workers whose songs are fetched
    once a second would idle.
    """

    def __init__(self, tokenizer_folder, workers, first_seed, most_waiting=512):
        context = multiprocessing.get_context("fork")
        self.queue = context.Queue(256)
        self.processes = [context.Process(target=_compose_forever, daemon=True,
                                          args=(self.queue, tokenizer_folder, first_seed + i, workers))
                          for i in range(workers)]
        for process in self.processes:
            process.start()
        self.waiting = {duration: [] for duration in DURATIONS}
        self.most_waiting, self.changed, self.closed = most_waiting, threading.Condition(), False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while not self.closed:
            try:
                song, rows = self.queue.get(timeout=.2)
            except queue.Empty:
                continue
            with self.changed:
                self.changed.wait_for(lambda: self.closed or min(map(len, self.waiting.values())) < self.most_waiting)
                self.waiting[int(song.duration)].append((song, rows))
                self.changed.notify_all()

    def take(self, duration, count):
        """`count` songs of one duration; waits for them."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.waiting[duration]) >= count)
            taken, self.waiting[duration] = self.waiting[duration][:count], self.waiting[duration][count:]
            self.changed.notify_all()
            return taken

    def ready(self, count):
        """The duration of which most songs wait, or None if those are fewer than `count`."""
        with self.changed:
            longest = max(DURATIONS, key=lambda d: len(self.waiting[d]))
            return longest if len(self.waiting[longest]) >= count else None

    def close(self):
        self.closed = True
        with self.changed:
            self.changed.notify_all()
        self.reader.join()
        for process in self.processes:
            process.terminate()


class LatentSet:
    """Latents by duration on the device; `grow` renders and encodes more songs."""

    def __init__(self, source, vae, device, dtype, keep=6000):
        self.source, self.vae, self.device, self.dtype, self.keep = source, vae, device, dtype, keep
        self.synth = Synth(device)
        self.latents = {d: [] for d in DURATIONS}
        self.rows = {d: [] for d in DURATIONS}
        self.features = {d: [] for d in DURATIONS}
        self.seconds = 0.0

    @torch.no_grad()
    def encoded(self, duration, count):
        """([(song, wordings)], latents [count, T, 64]) of `count` more songs."""
        taken = self.source.take(duration, count)
        audio = self.synth.render([song for song, _ in taken])
        parts = []
        for item in audio.split(4):
            mean, _ = self.vae.encode(item.to(self.dtype))
            parts.append(mean.transpose(1, 2).to(torch.bfloat16 if self.dtype == torch.bfloat16 else torch.float32))
        self.seconds += duration * count
        return taken, torch.cat(parts)

    def grow(self, duration, count):
        taken, latents = self.encoded(duration, count)
        for i, (song, rows) in enumerate(taken):
            features = torch.from_numpy(song.features).to(self.device)
            if len(self.rows[duration]) < self.keep:
                self.latents[duration].append(latents[i])
                self.rows[duration].append(rows)
                self.features[duration].append(features)
            else:
                place = song.seed % self.keep
                self.latents[duration][place], self.rows[duration][place] = latents[i], rows
                self.features[duration][place] = features

    def pick(self, duration, count, rng):
        """(latents [count, T, 64], one wording per song, features [count, T, 31])."""
        index = rng.integers(0, len(self.rows[duration]), count)
        latents = torch.stack([self.latents[duration][i] for i in index]).float()
        features = torch.stack([self.features[duration][i] for i in index]).float()
        return latents, [self.rows[duration][i][int(rng.integers(VARIANTS))] for i in index], features

    def durations(self):
        return [d for d in DURATIONS if self.rows[d]]


def padded(ids, length):
    """(ids [n, length], mask [n, length]) with zeros behind."""
    out, mask = torch.zeros(len(ids), length, dtype=torch.long), torch.zeros(len(ids), length, dtype=torch.bool)
    for i, row in enumerate(ids):
        out[i, :len(row)], mask[i, :len(row)] = torch.tensor(row), True
    return out, mask


SILENCE_EDGE = 24          # frames after which the encoder, which sees about 7 frames to each side, gives a constant


@torch.no_grad()
def silence_latent(vae, frames, device):
    """The model's silence latent [1, frames, 64]: digital silence (the transient at the start, then the constant it settles
    to) and the time code."""
    mean, _ = vae.encode(torch.zeros(1, 2, 2 * SILENCE_EDGE * vae.hop, device=device))
    edge = mean.transpose(1, 2).float()[:, :SILENCE_EDGE + 1]
    steady = edge[:, -1:].expand(-1, max(0, frames - SILENCE_EDGE - 1), -1)
    return torch.cat([edge, steady], dim=1)[:, :frames] + time_code(0.0, frames).to(device)


class LinearCodec(torch.nn.Module):
    """A fixed random projection with the interface of the autoencoder, to try later stages without a network."""

    hop = 1920

    def __init__(self):
        super().__init__()
        matrix = torch.randn(2 * self.hop, 64, generator=torch.Generator().manual_seed(0))
        self.register_buffer("matrix", torch.linalg.qr(matrix)[0])

    def encode(self, audio):
        frames = audio.unfold(-1, self.hop, self.hop).transpose(1, 2).flatten(2)
        mean = (frames @ self.matrix).transpose(1, 2) * 4
        return mean, torch.full_like(mean, .1)

    def decode(self, latents):
        frames = (latents.transpose(1, 2) / 4) @ self.matrix.T
        return frames.unflatten(-1, (2, self.hop)).permute(0, 2, 1, 3).flatten(2)

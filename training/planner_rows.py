"""Training rows of the planner: prompt, thought and codes of songs whose codes stage 2 has made."""
import multiprocessing

import numpy as np
import torch

from reference import prompts, tokenizer

from . import make_codes
from .latents import VARIANTS, tokenize
from .music.captions import describe
from .music.compose import compose

LENGTH = 320                    # tokens of a training row; longer rows are cut
NULL_SHARE = .12                # rows with the prompt of the unconditional branch
IGNORE = -100


def _wordings(job):
    """[(head ids, thought ids)] of one song in every wording."""
    folder, seed, duration = job
    if folder not in _wordings.words:
        words = tokenizer.load(folder)
        _wordings.words[folder] = words, tokenizer.Tokenizer(words.vocabulary, words.merges, words.added)
    words, plain = _wordings.words[folder]
    rng = np.random.default_rng((seed, 5))
    song = compose(seed, float(duration))
    rows = [tokenize(describe(song, variant), words, plain, rng) for variant in range(VARIANTS)]
    return [(np.array(row["head"], np.int16), np.array(row["thought"], np.int16)) for row in rows]


_wordings.words = {}


class CodeSongs:
    """Songs with codes and wordings, read from files of training.make_codes."""

    def __init__(self, paths, tokenizer_folder, workers):
        songs = make_codes.load(paths)
        self.codes = [codes.astype(np.int64) for _, _, codes in songs]
        jobs = [(tokenizer_folder, seed, duration) for seed, duration, _ in songs]
        if workers < 2:
            self.wordings = list(map(_wordings, jobs))
        else:
            with multiprocessing.get_context("fork").Pool(workers) as pool:
                self.wordings = pool.map(_wordings, jobs, chunksize=32)

    def histogram_entropy(self):
        """Nats per code of a planner that knows the frequency of the codes and nothing else."""
        use = np.bincount(np.concatenate(self.codes)).astype(float)
        use = use[use > 0] / use.sum()
        return float(-(use * np.log(use)).sum())


class Rows:
    """Random rows; the loss covers what the planner writes. `noise` of the codes it reads are replaced, so that it
    cannot learn songs by heart and gets used to its own mistakes."""

    def __init__(self, songs, planner_words, seed, noise=0.0):
        self.songs, self.rng, self.noise = songs, np.random.default_rng(seed), noise
        self.first = planner_words.added["<|audio_code_0|>"]
        self.end = planner_words.added["<|im_end|>"]
        self.null = np.array(planner_words.encode(prompts.PLANNER_NULL))
        self.codes = sum(name.startswith("<|audio_code_") for name in planner_words.added)

    def row(self, song):
        """(input ids, targets) of one song."""
        rng = self.rng
        tail = self.first + self.songs.codes[song]
        read = np.where(rng.random(len(tail)) < self.noise, self.first + rng.integers(0, self.codes, len(tail)), tail)
        head, thought = self.songs.wordings[song][int(rng.integers(VARIANTS))]
        if rng.random() < NULL_SHARE:
            head, thought = self.null, thought[:0]
        ids = np.concatenate([head, thought, read])
        targets = np.concatenate([np.full(len(head) - 1, IGNORE), thought, tail, [self.end]])
        return ids[:LENGTH], targets[:LENGTH]

    def __call__(self, count):
        ids, targets = np.zeros((count, LENGTH), np.int64), np.full((count, LENGTH), IGNORE, np.int64)
        for i, song in enumerate(self.rng.integers(0, len(self.songs.codes), count)):
            row, wanted = self.row(int(song))
            ids[i, :len(row)], targets[i, :len(wanted)] = row, wanted
        return torch.from_numpy(ids), torch.from_numpy(targets)

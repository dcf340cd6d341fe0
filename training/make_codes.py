"""Between stage 2 and 3: codes of rendered songs, for the planner.

    python3 -m training.make_codes --vae DIR --model DIR --out FILE.npz --seconds 150 --first-seed N

Several of these side by side (own --first-seed and --out each) fill the gaps that one leaves on the device. A song's
words follow from its seed and duration, so that only those and its codes are kept: about 120 bytes a song.
"""
import argparse
import time

import numpy as np
import torch

from reference import tokenizer

from .feed import HELD_OUT
from .latents import DURATIONS, SHARES, LatentSet, Source, silence_latent
from .start import load_weights
from .train_dit import build, load_vae_folder


class Codes(LatentSet):
    """(seed, duration, codes) of every song; latents are not kept."""

    def __init__(self, net, silence, *arguments):
        super().__init__(*arguments, keep=0)
        self.net, self.silence, self.songs = net, silence, []

    @torch.no_grad()
    def add(self, duration, count):
        songs, latents = self.encoded(duration, count)
        codes = self.net.model.codes(latents.float(), self.silence).cpu().numpy()
        self.songs += [(song.seed, duration, row) for (song, _), row in zip(songs, codes)]


def save(path, songs):
    """One array of all codes; song i has 5 codes a second."""
    np.savez_compressed(path, seeds=np.array([s for s, _, _ in songs], np.int64),
                        durations=np.array([d for _, d, _ in songs], np.int32),
                        codes=np.concatenate([c for _, _, c in songs]).astype(np.int16))


def load(paths):
    """[(seed, duration, codes)] of several files; raises ValueError where a file is not consistent."""
    songs = []
    for path in paths:
        with np.load(path) as file:
            ends = np.cumsum(file["durations"] * 5)
            codes = file["codes"]
            if len(ends) != len(file["seeds"]) or (len(ends) and ends[-1] != len(codes)):
                raise ValueError("%s: %d codes for %d songs" % (path, len(codes), len(ends)))
            parts = np.split(codes, ends[:-1])
            songs += [(int(s), int(d), c) for s, d, c in zip(file["seeds"], file["durations"], parts)]
    return songs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae", required=True)
    parser.add_argument("--model", required=True, help="folder of stage 2's checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--songs", type=int, default=10 ** 9, help="stop after so many songs at the latest")
    parser.add_argument("--first-seed", type=int, default=40000000)
    parser.add_argument("--held-out", action="store_true", help="seeds that are never trained on")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--tokenizer", default="training/checkpoints/tokenizer")
    parser.add_argument("--config", default="training/configs/dit.json")
    parser.add_argument("--text-config", default="training/configs/text.json")
    opt = parser.parse_args()
    started = time.time()
    source = Source(opt.tokenizer, opt.workers, HELD_OUT + 100000 if opt.held_out else opt.first_seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    net = build(opt, tokenizer.load(opt.tokenizer))
    net.load(load_weights(opt.model, "model"))
    net = net.to(device).eval().requires_grad_(False)
    silence = silence_latent(load_vae_folder(opt.vae, device), 750, device)
    data = Codes(net, silence, source, load_vae_folder(opt.vae, device).to(dtype), device, dtype)
    rng = np.random.default_rng(opt.first_seed)
    while time.time() - started < opt.seconds and len(data.songs) < opt.songs:
        data.add(int(rng.choice(DURATIONS, p=SHARES)), opt.batch)
    source.close()
    save(opt.out, data.songs)
    print("%s: %d songs, %.0f s of music in %.0f s" % (opt.out, len(data.songs), data.seconds, time.time() - started))


if __name__ == "__main__":
    main()

"""Measure the built-in model on prompts that were not trained on, through the program itself.

    python3 -m training.evaluate --ams ./ams --model models/demo --out DIR [--prompts 60] [--seeds 3]

Songs of 20 s are made by `ams generate` on the CPU (those already in DIR are kept, so a stopped run goes on), measured,
and summed up in DIR/table.md and DIR/results.json. `--rendered` measures the synthesizer's own renderings of the same
prompts instead: the ceiling of every figure.
"""
import argparse
import json
import os
import subprocess
import sys
import wave

import numpy as np
import torch

from . import analysis, classifier
from .feed import HELD_OUT
from .music import styles
from .music.captions import describe
from .music.compose import compose
from .music.instruments import LEADS
from .music.synth import Synth

SECONDS = 20
FIRST = HELD_OUT + 20000
BRIGHT = {"lo-fi hip hop": 0, "ambient": 0, "classical": 0, "cinematic": 0}     # genres that need no energy at 8 kHz


def read_wav(path):
    """float32 [2, samples] of a 16-bit stereo file."""
    with wave.open(path) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 2:
            sys.exit("evaluate: %s is not 16-bit stereo" % path)
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return data.reshape(-1, 2).T.astype(np.float32) / 32768


def make(opt, index, seed, song, description, path):
    """Let the program make one song; returns its metadata."""
    meta = path[:-4] + ".json"
    if not (os.path.exists(path) and os.path.exists(meta)):
        command = [opt.ams, "generate", description["caption"], "--lyrics", description["lyrics"], "--duration", str(SECONDS),
                   "--seed", str(1000 * index + seed + 1), "--bpm", str(song.bpm), "--keyscale", song.keyscale,
                   "--timesignature", str(song.beats_per_bar), "--model", opt.model, "--device", "cpu", "-q", "-o", path,
                   "--json", meta] + ([] if opt.planner else ["--no-thinking", "--no-use-cot-caption", "--no-use-cot-metas", "--no-use-cot-language"])
        subprocess.run(command, check=True)
    with open(meta) as file:
        return json.load(file)


def highest_energy(mono):
    """Highest frequency whose band of 1 kHz lies within 60 dB of the strongest band."""
    power = np.abs(np.fft.rfft(mono)) ** 2
    width = int(1000 * len(mono) / analysis.RATE)
    bands = power[:len(power) // width * width].reshape(-1, width).sum(1)
    return int(np.flatnonzero(bands > bands.max() * 1e-6).max() + 1) * 1000


@torch.no_grad()
def measure(audio, song, net):
    """All figures of one song; a figure that does not apply is None."""
    mono = audio.mean(0)
    tempo, key = analysis.estimate_tempo(mono), analysis.estimate_key(mono)
    row = dict(analysis.level_report(audio), finite=bool(np.isfinite(audio).all()), tempo=float(tempo),
               key="%s %s" % (styles.KEYS[key[0]], key[1]), highest=highest_energy(mono),
               clipped=float((np.abs(audio) >= .9999).mean()),
               tempo_ok=bool(analysis.tempo_matches(tempo, song.bpm)) if song.has_drums else None,
               key_ok=bool(analysis.same_or_relative(key, (song.key, song.mode))), drums_ok=None, lead_ok=None)
    row["bright_ok"] = row["highest"] >= 8000 if BRIGHT.get(song.genre, 1) else None
    if net is not None:
        drum, lead = net(torch.from_numpy(audio)[None])
        row["drums_ok"] = bool((float(drum) > 0) == song.has_drums)
        if song.instruments.get("lead") in LEADS:
            row["lead_heard"] = LEADS[int(lead.argmax())]
            row["lead_ok"] = row["lead_heard"] == song.instruments["lead"]
    return row


def share(rows, key):
    values = [row[key] for row in rows if row.get(key) is not None]
    return (float(np.mean(values)), len(values)) if values else (None, 0)


def table(rows, goals):
    """Markdown lines: figure, reached, goal, number of songs."""
    lines = ["| figure | reached | goal | songs |", "| --- | --- | --- | --- |"]
    for name, key, goal in goals:
        value, count = share(rows, key)
        lines.append("| %s | %s | %s | %d |" % (name, "not measured" if value is None else "%.1f %%" % (100 * value), goal, count))
    return lines


GOALS = [("finite samples", "finite", "100 %"), ("loudness between −30 and −8 LUFS", "loudness_ok", "100 %"),
         ("less than 5 % of 50 ms frames silent", "alive", "100 %"), ("no clipping", "unclipped", "100 %"),
         ("energy up to 8 kHz where the style has it", "bright_ok", "100 %"), ("tempo within 4 % (half, double allowed)", "tempo_ok", "80 %"),
         ("key or its relative", "key_ok", "60 %"), ("drums present or absent as asked", "drums_ok", "90 %"),
         ("lead instrument recognised", "lead_ok", "75 %"), ("made within 40 s", "fast", "100 %")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ams", default="./ams")
    parser.add_argument("--model", default="models/demo")
    parser.add_argument("--out", required=True)
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--planner", type=int, default=1)
    parser.add_argument("--rendered", action="store_true", help="measure renderings of the prompts instead")
    opt = parser.parse_args()
    os.makedirs(opt.out, exist_ok=True)
    net, rows, pictures = classifier.load(), [], []
    synth = Synth() if opt.rendered else None
    for index in range(opt.prompts):
        song = compose(FIRST + index, float(SECONDS))
        description = describe(song)
        for seed in range(1 if opt.rendered else opt.seeds):
            path = os.path.join(opt.out, "%03d-%d.wav" % (index, seed))
            meta = {} if opt.rendered else make(opt, index, seed, song, description, path)
            audio = synth.render([song])[0].numpy() if opt.rendered else read_wav(path)
            row = dict(measure(audio, song, net), prompt=description["caption"], bpm=song.bpm, keyscale=song.keyscale, seed=seed)
            loudness = meta.get("audio", {}).get("integrated_lufs", row["rms_db"])
            row.update(loudness=loudness, loudness_ok=bool(-30 <= loudness <= -8), alive=row["silent"] < .05,
                       unclipped=row["clipped"] < 1e-4, wall=meta.get("wall_seconds"),
                       fast=meta["wall_seconds"] <= 40 if "wall_seconds" in meta else None)
            rows.append(row)
            if len(pictures) < 3 and seed == 0:
                pictures.append(analysis.spectrogram(audio.mean(0), 800, 240))
        print("%d of %d prompts" % (index + 1, opt.prompts), file=sys.stderr)
    lines = table(rows, GOALS)
    analysis.save_png(np.concatenate(pictures), os.path.join(opt.out, "spectrograms.png"))
    with open(os.path.join(opt.out, "results.json"), "w") as file:
        json.dump(rows, file, indent=1)
    with open(os.path.join(opt.out, "table.md"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

"""Figures of single songs: level, tempo, key, drums and lead instrument against what was asked for."""
import numpy as np
import torch

from . import analysis
from .feed import HELD_OUT
from .music import styles
from .music.captions import describe
from .music.compose import compose
from .music.instruments import LEADS
from .program import NO_PLANNER, metas, read_wav

SECONDS = 20
FIRST = HELD_OUT + 20000
BRIGHT = {"lo-fi hip hop": 0, "ambient": 0, "classical": 0, "cinematic": 0}     # genres that need no energy at 8 kHz

# (figure, key of a row, goal)
GOALS = [("finite samples", "finite", "100 %"), ("loudness between −30 and −8 LUFS", "loudness_ok", "100 %"),
         ("less than 5 % of 50 ms frames silent", "alive", "100 %"), ("no clipping", "unclipped", "100 %"),
         ("energy up to 8 kHz where the style has it", "bright_ok", "100 %"),
         ("tempo within 4 % (half, double allowed), with drums", "tempo_ok", "80 %"),
         ("key or its relative", "key_ok", "60 %"), ("drums present or absent as asked", "drums_ok", "90 %"),
         ("lead instrument recognised", "lead_ok", "75 %")]
TEXT_GOALS = [goal for goal in GOALS if goal[1] in ("tempo_ok", "key_ok", "drums_ok", "lead_ok")]


def highest_energy(mono):
    """Highest frequency whose band of 1 kHz lies within 60 dB of the strongest band."""
    power = np.abs(np.fft.rfft(mono)) ** 2
    width = int(1000 * len(mono) / analysis.RATE)
    bands = power[:len(power) // width * width].reshape(-1, width).sum(1)
    return int(np.flatnonzero(bands > bands.max() * 1e-6).max() + 1) * 1000


@torch.no_grad()
def measure(audio, song, net, lufs=None):
    """All figures of one song; a figure that does not apply is None. Without `lufs` the level is the RMS in dB."""
    mono = audio.mean(0)
    tempo, key = analysis.estimate_tempo(mono), analysis.estimate_key(mono)
    row = dict(analysis.level_report(audio), finite=bool(np.isfinite(audio).all()), tempo=float(tempo),
               key="%s %s" % (styles.KEYS[key[0]], key[1]), highest=highest_energy(mono),
               clipped=float((np.abs(audio) >= .9999).mean()), bpm=song.bpm, keyscale=song.keyscale,
               tempo_ok=bool(analysis.tempo_matches(tempo, song.bpm)) if song.has_drums else None,
               key_ok=bool(analysis.same_or_relative(key, (song.key, song.mode))), drums_ok=None, lead_ok=None)
    loudness = row["rms_db"] if lufs is None else lufs
    row.update(loudness=loudness, loudness_ok=bool(-30 <= loudness <= -8), alive=row["silent"] < .05,
               unclipped=row["clipped"] < 1e-4, bright_ok=row["highest"] >= 8000 if BRIGHT.get(song.genre, 1) else None)
    if net is not None:
        drum, lead = net(torch.from_numpy(audio)[None])
        row["drums_ok"] = bool((float(drum) > 0) == song.has_drums)
        if song.instruments.get("lead") in LEADS:
            row["lead_heard"] = LEADS[int(lead.argmax())]
            row["lead_ok"] = row["lead_heard"] == song.instruments["lead"]
    return row


def prompt(index):
    """(composed song, its description) of one held-out prompt."""
    song = compose(FIRST + index, float(SECONDS))
    return song, describe(song)


def make_prompted(program, name, index, seed, planner=True, **more):
    """The program's song for one held-out prompt: (song, description, audio, metadata)."""
    song, description = prompt(index)
    flags = dict(metas(song), **({} if planner else NO_PLANNER))
    flags.update(more)
    path, meta = program.make(name, "generate", description["caption"], lyrics=description["lyrics"], duration=SECONDS,
                              seed=seed, **flags)
    return song, description, read_wav(path), meta


def measure_prompts(program, net, count, seeds, planner=True, stem=""):
    """Rows of `count` prompts with `seeds` seeds each."""
    def work(item):
        index, seed = item
        song, description, audio, meta = make_prompted(program, "%s%03d-%d" % (stem, index, seed), index,
                                                       1000 * index + seed + 1, planner)
        return dict(measure(audio, song, net, meta["audio"]["integrated_lufs"]), prompt=description["caption"],
                    index=index, seed=seed, wall=meta["wall_seconds"])
    return program.all(work, [(i, s) for i in range(count) for s in range(seeds)], "songs" if planner else "songs without planner")


def measure_renderings(program, net, count):
    """The same figures of the synthesizer's own renderings: the ceiling of what can be asked for."""
    def work(index):
        song, description = prompt(index)
        return dict(measure(program.rendering(song)[1], song, net), prompt=description["caption"], index=index)
    return program.all(work, range(count), "renderings")


def share(rows, key):
    """(mean of the rows in which the figure applies or None, their count)."""
    values = [row[key] for row in rows if row.get(key) is not None]
    return (float(np.mean(values)), len(values)) if values else (None, 0)


def shares(rows, goals, ceiling=()):
    """Table lines (figure, reached, ceiling, goal, count)."""
    def percent(value):
        return "not measured" if value is None else "%.1f %%" % (100 * value)
    lines = []
    for name, key, goal in goals:
        value, count = share(rows, key)
        lines.append((name, percent(value), percent(share(ceiling, key)[0]) if ceiling else "", goal, count))
    return lines

"""What a song plays at every moment, from its notes: targets of the helper losses of stage 2.

A network that must tell beat, harmony and drums from its inner state learns to use them much sooner than from the noise alone
(compare representation alignment, arXiv:2410.06940). The heads are thrown away after training.
"""
import numpy as np

from .compose import DRUMS, TRACKS

RATE = 25                       # latent frames a second
PHASES, CHROMA, BASS, ONSETS = slice(0, 4), slice(4, 16), slice(16, 28), slice(28, 31)
COUNT = 31                      # per frame: sine and cosine of beat and bar, pitch classes, bass, kick/snare/hat onsets
_LOUDNESS = {"chords": .8, "lead": 1.0, "pad": .6, "arp": .8}
_ONSET = {"kick": 0, "snare": 1, "clap": 1, "rim": 1, "tom": 1, "hat": 2, "open": 2, "ride": 2, "shaker": 2}


def frame_features(song):
    """float16 [frames, COUNT] of a composed song; everything but the phases lies between 0 and 1."""
    frames = int(round(song.duration * RATE))
    out = np.zeros((frames, COUNT), np.float32)
    seconds = (np.arange(frames) + .5) / RATE
    for column, period in ((0, 60.0 / song.bpm), (2, song.bar_seconds)):
        angle = 2 * np.pi * seconds / period
        out[:, column], out[:, column + 1] = np.sin(angle), np.cos(angle)
    for track, start, length, pitch, _, _ in song.notes:
        name = TRACKS[int(track)]
        first = min(int(start * RATE), frames - 1)
        if name == "drums":
            out[first, ONSETS.start + _ONSET[DRUMS[int(pitch)]]] = 1
            continue
        last = min(max(first + 1, int(np.ceil((start + length) * RATE))), frames)
        block = BASS if name == "bass" else CHROMA
        column = block.start + int(round(pitch)) % 12
        out[first:last, column] = np.maximum(out[first:last, column], _LOUDNESS.get(name, 1.0))
    return out.astype(np.float16)

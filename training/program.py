"""Songs made by the program for the evaluation: each is made once and kept, so a stopped evaluation goes on."""
import concurrent.futures
import functools
import json
import os
import subprocess
import sys
import wave

import numpy as np

from . import analysis
from .music.synth import Synth

NO_PLANNER = {"no-thinking": True, "no-use-cot-caption": True, "no-use-cot-metas": True, "no-use-cot-language": True}


@functools.lru_cache(None)
def _synth():
    return Synth()


def read_wav(path):
    """float32 [2, samples] of a 16-bit stereo file."""
    with wave.open(path) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 2:
            sys.exit("evaluate: %s is not 16-bit stereo" % path)
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return data.reshape(-1, 2).T.astype(np.float32) / 32768


def arguments(options):
    """Command-line words of {flag: value}; True is a flag without a value, None is left out."""
    words = []
    for name, value in options.items():
        if value is not None:
            words += ["--" + name] + ([] if value is True else [str(value)])
    return words


def metas(song, **hidden):
    """Tempo, key and time signature of a composed song as flags; those in `hidden` are left out."""
    known = {"bpm": song.bpm, "keyscale": song.keyscale, "timesignature": song.beats_per_bar}
    return {name: value for name, value in known.items() if name not in hidden}


class Program:
    """`ams` with one model, writing into one folder; `jobs` songs at a time share the threads."""

    def __init__(self, path, model, folder, jobs=1):
        self.path, self.model, self.folder, self.jobs = path, model, folder, jobs
        self.threads = max(1, (os.cpu_count() or 1) // jobs) if jobs > 1 else None
        os.makedirs(folder, exist_ok=True)

    def file(self, name):
        return os.path.join(self.folder, name + ".wav")

    def make(self, name, mode, subject, threads=None, **options):
        """(path, metadata) of the song `name`; keywords are flags, with _ for -."""
        path, meta = self.file(name), os.path.join(self.folder, name + ".json")
        if not (os.path.exists(path) and os.path.exists(meta)):
            flags = {"model": self.model, "device": "cpu", "quiet": True, "output": path, "json": meta,
                     "threads": threads or self.threads}
            flags.update({key.replace("_", "-"): value for key, value in options.items()})
            subprocess.run([self.path, mode, subject] + arguments(flags), check=True)
        with open(meta) as file:
            return path, json.load(file)

    def all(self, work, items, what):
        """[work(item)] with `jobs` at a time; prints how far it is."""
        results = []
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for result in pool.map(work, items):
                results.append(result)
                print("%s: %d of %d" % (what, len(results), len(items)), file=sys.stderr, flush=True)
        return results

    def rendering(self, song):
        """(path, audio [2, samples]) of the synthesizer's own rendering of a composed song."""
        path = self.file("rendered-%d" % song.seed)
        if not os.path.exists(path):
            analysis.save_wav(_synth().render([song])[0].numpy(), path)
        return path, read_wav(path)

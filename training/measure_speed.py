"""How long songs take, one at a time on an otherwise idle machine."""
import os
import shutil
import time

from .measure_songs import make_prompted, prompt

SONG_GOAL, FIRST_SOUND_GOAL = 40.0, 8.0          # seconds


def measure_speed(program, count=3):
    """Table lines: the whole command, from its start to the finished file; every run is fresh."""
    folder = os.path.join(program.folder, "speed")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    long, short = [], []
    for index in range(count):
        began = time.time()
        make_prompted(program, "speed/song-%d" % index, index, 1, threads=os.cpu_count())
        long.append(time.time() - began)
        song, description = prompt(index)
        began = time.time()
        program.make("speed/first-%d" % index, "generate", description["caption"], lyrics=description["lyrics"], duration=10,
                     inference_steps=8, seed=1, threads=os.cpu_count())
        short.append(time.time() - began)
    return [("20 s song with planner and guidance, 27 steps, slowest", "%.1f s" % max(long), "", "at most %.0f s" % SONG_GOAL, count),
            ("first sound of a 10 s song at 8 steps, slowest", "%.1f s" % max(short), "", "at most %.0f s" % FIRST_SOUND_GOAL, count)]

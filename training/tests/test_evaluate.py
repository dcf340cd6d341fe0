"""python3 -m unittest training.tests.test_evaluate"""
import os
import stat
import tempfile
import unittest

import numpy as np

from training import analysis, evaluate, measure_songs
from training.music.compose import compose
from training.music.synth import RATE, Synth
from training.program import Program, arguments, read_wav

# Stands for the program: writes a second of a tone and the metadata, and counts its runs.
FAKE = """#!/usr/bin/env python3
import json, math, struct, sys, wave
words = sys.argv[1:]
flag = lambda name: words[words.index("--" + name) + 1]
with wave.open(flag("output"), "wb") as file:
    file.setnchannels(2); file.setsampwidth(2); file.setframerate(48000)
    file.writeframes(b"".join(struct.pack("<hh", v, v) for v in (int(9000 * math.sin(i / 20)) for i in range(48000))))
json.dump({"words": words}, open(flag("json"), "w"))
open(sys.argv[0] + ".runs", "a").write("x")
"""


class Songs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.program = os.path.join(self.folder.name, "fake")
        with open(self.program, "w") as file:
            file.write(FAKE)
        os.chmod(self.program, os.stat(self.program).st_mode | stat.S_IXUSR)

    def tearDown(self):
        self.folder.cleanup()

    def runs(self):
        with open(self.program + ".runs") as file:
            return len(file.read())

    def test_a_song_is_made_once(self):
        program = Program(self.program, "model", self.folder.name, jobs=2)
        first = program.make("a", "generate", "piano", seed=3, wav_crossfade=1)
        self.assertEqual(first, program.make("a", "generate", "piano", seed=3))
        self.assertEqual(self.runs(), 1)
        words = first[1]["words"]
        self.assertEqual(words[:2], ["generate", "piano"])
        self.assertEqual(words[words.index("--wav-crossfade") + 1], "1")
        os.remove(first[0])          # as if it had been stopped in the middle
        program.make("a", "generate", "piano", seed=3)
        self.assertEqual(self.runs(), 2)

    def test_results_keep_the_order_of_the_items(self):
        program = Program(self.program, "model", self.folder.name, jobs=2)
        self.assertEqual(program.all(lambda x: 2 * x, [3, 1, 2], "test"), [6, 2, 4])

    def test_flags(self):
        self.assertEqual(arguments({"quiet": True, "seed": 1, "threads": None}), ["--quiet", "--seed", "1"])


class Figures(unittest.TestCase):
    def test_a_rendering_is_what_was_composed(self):
        song = compose(501, 12.0, "house")
        row = measure_songs.measure(Synth().render([song])[0].numpy(), song, None, lufs=-14)
        for key in ("finite", "loudness_ok", "alive", "unclipped", "bright_ok", "tempo_ok", "key_ok"):
            self.assertTrue(row[key], key)
        self.assertIsNone(row["drums_ok"])
        lines = measure_songs.shares([row, dict(row, key_ok=False)], measure_songs.GOALS)
        self.assertEqual([line[1] for line in lines if line[0].startswith("key")], ["50.0 %"])

    def test_silence_and_clipping_are_told(self):
        song = compose(501, 12.0, "house")
        row = measure_songs.measure(np.zeros((2, 4 * RATE), np.float32) + 1, song, None, lufs=-40)
        self.assertFalse(row["unclipped"] or row["loudness_ok"])
        self.assertFalse(measure_songs.measure(np.zeros((2, 4 * RATE), np.float32) + 1e-5, song, None)["alive"])

    def test_likeness_follows_the_harmony(self):
        time = np.arange(4 * RATE) / RATE

        def chord(*notes):
            return np.stack([sum(np.sin(2 * np.pi * 440 * 2 ** ((n - 69) / 12) * time) for n in notes)] * 2) / 4
        self.assertGreater(analysis.harmony_likeness(chord(60, 64, 67), chord(60, 64, 67)), .99)
        self.assertLess(analysis.harmony_likeness(chord(60, 64, 67), chord(61, 65, 68)), .1)

    def test_table(self):
        rows = evaluate.table([("a", "1", "", "2", 3)])
        self.assertEqual(rows[2], "| a | 1 |  | 2 | 3 |")

    def test_read_wav_is_what_was_saved(self):
        audio = np.random.default_rng(0).uniform(-1, 1, (2, 100)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            analysis.save_wav(audio, os.path.join(folder, "a.wav"))
            self.assertLess(np.abs(read_wav(os.path.join(folder, "a.wav")) - audio).max(), 1e-4)


if __name__ == "__main__":
    unittest.main()

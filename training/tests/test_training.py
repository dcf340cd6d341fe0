"""python3 -m unittest training.tests.test_training"""
import tempfile
import unittest

import numpy as np
import torch

from reference import prompts, tokenizer
from training import analysis, checkpoint, losses
from training.music import features, styles
from training.music.captions import describe
from training.music.compose import DRUMS, TRACKS, compose
from training.music.synth import RATE, Synth
from training.music_heads import music_loss
from training.time_code import first_seconds, time_code
from training.train_dit import Batches


class Music(unittest.TestCase):
    def test_same_seed_same_song(self):
        a, b = compose(77), compose(77)
        self.assertTrue(np.array_equal(a.notes, b.notes))
        self.assertEqual(describe(a, 3), describe(b, 3))
        self.assertFalse(np.array_equal(a.notes, compose(78).notes))

    def test_notes_stay_in_the_scale_and_in_time(self):
        for seed in range(40):
            song = compose(seed, 12.0)
            tonal = song.notes[song.notes[:, 0] > 0]
            allowed = {(song.key + step) % 12 for step in styles.SCALES[song.mode]}
            lead = tonal[tonal[:, 0] == TRACKS.index("lead")]
            self.assertTrue(all(int(p) % 12 in allowed for p in lead[:, 3]), seed)
            self.assertTrue((song.notes[:, 1] >= 0).all() and (song.notes[:, 1] + song.notes[:, 2] <= 12.05).all())

    def test_drums_sound_exactly_when_described(self):
        for seed in range(60):
            song = compose(seed, 20.0)
            sounding = bool((song.notes[:, 0] == 0).any())
            if not song.has_drums:
                self.assertFalse(sounding, seed)
            text = describe(song)["caption"].lower()
            if "no drums" in text or "without drums" in text or "beatless" in text:
                self.assertFalse(sounding, text)

    def test_rendering_is_deterministic_independent_of_the_batch_and_not_clipped(self):
        synth, songs = Synth(), [compose(5, 2.0), compose(6, 2.0)]
        both, alone = synth.render(songs), synth.render(songs[1:])
        self.assertEqual(list(both.shape), [2, 2, 2 * RATE])
        self.assertLess(float((both[1] - alone[0]).abs().max()), 1e-4)
        self.assertLess(float(both.abs().max()), 1.0)
        self.assertGreater(float(both.pow(2).mean().sqrt()), .02)

    def test_rendered_tempo_and_key_are_the_described_ones(self):
        song = compose(501, 12.0, "house")
        mono = Synth().render([song])[0].mean(0).numpy()
        self.assertTrue(analysis.tempo_matches(analysis.estimate_tempo(mono), song.bpm))
        self.assertTrue(analysis.same_or_relative(analysis.estimate_key(mono), (song.key, song.mode)))


class Features(unittest.TestCase):
    def test_they_say_what_the_notes_play(self):
        song = compose(501, 12.0, "house")
        rows = features.frame_features(song).astype(float)
        self.assertEqual(rows.shape, (300, features.COUNT))
        self.assertTrue(((rows[:, 4:] >= 0) & (rows[:, 4:] <= 1)).all())
        kicks = song.notes[(song.notes[:, 0] == 0) & (song.notes[:, 3] == DRUMS.index("kick"))]
        self.assertEqual({int(t * 25) for t in kicks[:, 1]}, set(np.flatnonzero(rows[:, features.ONSETS.start])))
        allowed = {(song.key + step) % 12 for step in styles.SCALES[song.mode]}
        self.assertLessEqual(set(np.flatnonzero(rows[:, features.CHROMA].max(0))), allowed)
        # The first beat begins with the song: the sine of the beat's phase rises through zero there and a beat later.
        beat = 60 / song.bpm * 25
        crossings = np.flatnonzero((rows[:-1, 0] < 0) & (rows[1:, 0] >= 0))
        self.assertAlmostEqual(float(np.diff(crossings).mean()), beat, delta=.1)

    def test_knowing_costs_less_than_guessing(self):
        rows = torch.from_numpy(features.frame_features(compose(501, 12.0, "house"))).float()[None]
        known = torch.cat([rows[..., :4], 12 * rows[..., 4:] - 6], dim=-1).unflatten(1, (-1, 2)).flatten(2)
        self.assertLess(float(music_loss(known, rows)), .5 * float(music_loss(known * 0, rows)))


class TimeCode(unittest.TestCase):
    def test_it_repeats_after_a_minute_and_tells_every_frame_within_it_apart(self):
        minute, next_minute = time_code(0.0, 1500), time_code(60.0, 1500)
        self.assertLess(float((minute - next_minute).abs().max()), 1e-5)
        self.assertGreater(float(torch.pdist(minute[::5]).min()), .5)

    def test_songs_begin_on_a_bar_unless_they_are_repainted(self):
        bars = torch.full((4000,), 1.7, dtype=torch.float64)
        repainted = torch.arange(4000) >= 2000
        first = first_seconds(bars, repainted, np.random.default_rng(1))
        late = (first / bars - (first / bars).round()).abs() > 1e-9
        self.assertFalse(bool(late[:2000].any()))
        self.assertAlmostEqual(float(late[2000:].double().mean()), 1 / 3, delta=.05)
        self.assertAlmostEqual(float((first[:2000] == 0).double().mean()), .5, delta=.05)

    def test_a_batch_puts_its_silence_where_the_songs_lie(self):
        rows = [{"description": {"bpm": 120, "timesignature": "4"}}] * 6
        silence = torch.full((1, 750, 64), .25) + time_code(0.0, 750)
        filler = Batches(None, silence, 3, "cpu")._filler(rows, np.array(["text2music"] * 6), 250)
        for row in filler:
            places = [float((row - .25 - time_code(2.0 * bar, 250)).abs().max()) for bar in range(120)]
            self.assertLess(min(places), 1e-4)


class Words(unittest.TestCase):
    def test_prompts_survive_the_tokenizer(self):
        words = tokenizer.load("training/checkpoints/tokenizer")
        text = prompts.text_prompt(describe(compose(3)))
        ids = words.encode(text)
        self.assertEqual(ids[-1], words.added["<|endoftext|>"])
        back = {c: b for b, c in tokenizer.byte_characters().items()}
        plain = b"".join(words.texts[i].encode() if i in words.added.values() else bytes(back[c] for c in words.texts[i])
                         for i in ids[:-1])
        self.assertEqual(plain.decode(), text)
        self.assertEqual(len(words.encode(text, 20)), 20)

    def test_saved_files_load_to_the_same_tokenizer(self):
        words = tokenizer.load("training/checkpoints/tokenizer").with_audio_codes(10)
        with tempfile.TemporaryDirectory() as folder:
            words.save(folder)
            again = tokenizer.load(folder)
        text = "Héllo  wörld's 12\n\n<|audio_code_7|> ok"
        self.assertEqual(words.encode(text), again.encode(text))
        self.assertEqual(again.suffix, [])


class Distances(unittest.TestCase):
    def test_identical_is_zero_and_silence_is_far(self):
        x = torch.randn(2, 2, 9600)
        self.assertLess(losses.stft_distance(x, x), 1e-5)
        self.assertGreater(losses.stft_distance(x * 0, x), 1)
        self.assertGreater(float(losses.si_sdr(x + .01 * torch.randn_like(x), x).min()), 30)

    def test_shards_stay_small_and_come_back(self):
        tensors = {"t%d" % i: torch.randn(1000, 1500) for i in range(8)}
        with tempfile.TemporaryDirectory() as folder:
            self.assertGreater(checkpoint.save_sharded(tensors, folder, "m"), 1)
            back = checkpoint.load_sharded(folder, "m")
        self.assertTrue(all(torch.equal(back[k], v) for k, v in tensors.items()))


if __name__ == "__main__":
    unittest.main()

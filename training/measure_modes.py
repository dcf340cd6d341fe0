"""What the codes and the modes do: songs of equal codes, covers, repainted segments and extensions.

The sources of covers, repaints and extensions are held-out renderings, whose tempo and key are known. Likeness is the
mean correlation of the pitch classes frame by frame (analysis.harmony_likeness).
"""
import numpy as np

from . import analysis
from .measure_songs import FIRST, SECONDS, make_prompted
from .music.captions import describe
from .music.compose import compose
from .program import NO_PLANNER, metas, read_wav

SOURCES = FIRST + 500          # seeds of the sources
BEGIN, END = 6.0, 12.0         # of the repainted segment
SEED_SECONDS, EXTRA = 10.0, 10


def pair_likeness(songs, pairs):
    values = [analysis.harmony_likeness(songs[a], songs[b]) for a, b in pairs]
    return float(np.mean(values)), len(values)


def measure_codes(program, count):
    """Likeness of songs of equal codes, of equal prompts and of different prompts.

    At temperature 0 the planner's codes follow from the prompt alone, so two seeds share them; at its default they differ.
    """
    def work(item):
        index, kind, seed = item
        options = {"lm_temperature": 0} if kind == "same" else {}
        return make_prompted(program, "codes-%s-%03d-%d" % (kind, index, seed), index, 7000 + 10 * index + seed, **options)[2]
    items = [(i, kind, seed) for i in range(count) for kind in ("same", "other") for seed in (0, 1)]
    songs = dict(zip(items, program.all(work, items, "codes")))
    same, number = pair_likeness(songs, [((i, "same", 0), (i, "same", 1)) for i in range(count)])
    prompt, _ = pair_likeness(songs, [((i, "other", 0), (i, "other", 1)) for i in range(count)])
    random, pairs = pair_likeness(songs, [((i, "same", 0), (j, "same", 1)) for i in range(count) for j in range(count) if i != j])
    return [("likeness of two songs of equal codes", "%.2f" % same, "", "clearly above the next two", number),
            ("… of equal prompts, other codes", "%.2f" % prompt, "", "", number),
            ("… of different prompts", "%.2f" % random, "", "", pairs)]


def source(program, index, duration=float(SECONDS)):
    """(composed song, description, file, audio) of a source."""
    song = compose(SOURCES + index, duration)
    path, audio = program.rendering(song)
    return song, describe(song), path, audio


def measure_covers(program, count):
    """Covers with the prompt of another song against the same request that ignores the clip."""
    def work(index):
        _, _, path, audio = source(program, index)
        other = describe(compose(SOURCES + 1000 + index, float(SECONDS)))
        values = []
        for strength in (1, 0):
            made, _ = program.make("cover-%03d-%d" % (index, strength), "cover", path, prompt=other["caption"],
                                   lyrics="[Instrumental]", duration=SECONDS, strength=strength, seed=index + 1, **NO_PLANNER)
            values.append(analysis.harmony_likeness(read_wav(made), audio))
        return values
    rows = np.array(program.all(work, range(count), "covers"))
    return [("likeness of a cover and its source", "%.2f" % rows[:, 0].mean(), "", "above the next", count),
            ("… when the source is ignored", "%.2f" % rows[:, 1].mean(), "", "", count),
            ("covers closer to the source than without it", "%.1f %%" % (100 * (rows[:, 0] > rows[:, 1]).mean()), "", "", count)]


def measure_repaints(program, count):
    """Equal samples outside the segment, and whether the segment is new and sounds."""
    def work(index):
        song, description, path, audio = source(program, index)
        made, _ = program.make("repaint-%03d" % index, "edit", path, prompt=description["caption"], lyrics=description["lyrics"],
                               segment_start=BEGIN, segment_end=END, seed=index + 1, **metas(song), **NO_PLANNER)
        out, rate = read_wav(made), analysis.RATE
        begin, end, fade = int(BEGIN * rate), int(END * rate), int(.011 * rate)
        # One step of 16 bits may lie between a sample and its second rounding.
        outside = np.abs(np.delete(out - audio, np.s_[begin - fade:end + fade], axis=1)).max() < 1.5 / 32768
        inside = analysis.level_report(out[:, begin:end])
        return dict(outside=bool(outside), new=bool(np.abs(out - audio)[:, begin:end].max() > .01), alive=inside["silent"] < .05,
                    likeness=analysis.harmony_likeness(out[:, begin:end], audio[:, begin:end]),
                    key=analysis.same_or_relative(analysis.estimate_key(out[:, begin:end].mean(0)), (song.key, song.mode)))
    rows = program.all(work, range(count), "repaints")

    def percent(key):
        return "%.1f %%" % (100 * np.mean([row[key] for row in rows]))
    return [("repaint: samples outside the segment unchanged", percent("outside"), "", "100 %", count),
            ("… segment new and not silent", "%.1f %%" % (100 * np.mean([r["new"] and r["alive"] for r in rows])), "", "100 %", count),
            ("… segment in the song's key", percent("key"), "", "", count)]


def measure_extensions(program, count):
    """Tempo and key of what was added, once with and once without stating them."""
    lines = []
    for told in (False, True):
        def work(index):
            song, description, path, audio = source(program, index, SEED_SECONDS)
            name = "extend-%03d-%s" % (index, "told" if told else "heard")
            made, _ = program.make(name, "extend", path, prompt=description["caption"], lyrics="[Instrumental]", duration=EXTRA,
                                   seed=index + 1, wav_crossfade=1, **(metas(song) if told else {}), **NO_PLANNER)
            out, split = read_wav(made), audio.shape[1]
            kept = np.abs(out - np.pad(audio, ((0, 0), (0, out.shape[1] - split))))[:, :split - analysis.RATE].max() < 1.5 / 32768
            added = out[:, split:].mean(0)
            return dict(kept=bool(kept), key=analysis.same_or_relative(analysis.estimate_key(added), (song.key, song.mode)),
                        tempo=analysis.tempo_matches(analysis.estimate_tempo(added), song.bpm) if song.has_drums else None)
        rows = program.all(work, range(count), "extensions")
        tempi = [row["tempo"] for row in rows if row["tempo"] is not None]
        what = "tempo and key stated" if told else "from the audio alone"
        if not told:
            lines.append(("extend: seed unchanged up to the fade", "%.1f %%" % (100 * np.mean([r["kept"] for r in rows])), "", "100 %", count))
        lines += [("extend, %s: tempo kept" % what, "%.1f %%" % (100 * np.mean(tempi)) if tempi else "not measured", "", "", len(tempi)),
                  ("extend, %s: key or its relative kept" % what, "%.1f %%" % (100 * np.mean([r["key"] for r in rows])), "", "", count)]
    return lines

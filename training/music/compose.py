"""The composing program: one seed gives one song as note events, with the facts that describe it."""
from dataclasses import dataclass, field

import numpy as np

from . import instruments, styles

TRACKS = ["drums", "bass", "chords", "lead", "pad", "arp"]
DRUMS = ["kick", "snare", "hat", "open", "clap", "ride", "tom", "rim", "shaker"]
SECTION_NAMES = ["intro", "verse", "chorus", "bridge", "outro"]
STEP = 4                     # sixteenth notes per beat
LEAD_REST = .12


@dataclass
class Song:
    """Notes are rows (track, start s, duration s, midi pitch or drum number, velocity, instrument)."""
    seed: int
    genre: str
    bpm: int
    key: int
    mode: str
    beats_per_bar: int
    duration: float
    mood: str
    instruments: dict                       # track -> instrument name, for the tracks that sound
    groove: str
    sections: list = field(default_factory=list)   # (name, first bar, bars)
    notes: np.ndarray = None
    swing: float = 0.0
    chord_pattern: str = "sustained"
    has_drums: bool = True
    mix: dict = field(default_factory=dict)

    @property
    def keyscale(self):
        return "%s %s" % (styles.KEYS[self.key], self.mode)

    @property
    def bar_seconds(self):
        return self.beats_per_bar * 60.0 / self.bpm


def _pick(rng, items):
    return items[int(rng.integers(len(items)))]


def _section_plan(rng, bars):
    """Split the bars into named sections of about four bars; one section if the song is very short."""
    if bars < 4:
        return [(_pick(rng, ["verse", "chorus"]), 0, bars)]
    lengths, left = [], bars
    while left > 0:
        size = min(left, int(_pick(rng, [2, 4, 4, 4])) if bars < 12 else int(_pick(rng, [4, 4, 8])))
        if left - size == 1:
            size += 1
        lengths.append(size)
        left -= size
    orders = {1: [["verse"], ["chorus"]], 2: [["verse", "chorus"], ["intro", "chorus"], ["intro", "verse"], ["chorus", "outro"]],
              3: [["intro", "verse", "chorus"], ["verse", "chorus", "outro"], ["verse", "chorus", "verse"], ["intro", "chorus", "outro"]],
              4: [["intro", "verse", "chorus", "outro"], ["verse", "chorus", "bridge", "chorus"], ["intro", "verse", "chorus", "bridge"]]}
    count = len(lengths)
    if count <= 4:
        names = _pick(rng, orders[count])
    else:
        middle = ["verse", "chorus", "verse", "chorus", "bridge", "chorus", "verse", "chorus"]
        names = ["intro"] + [middle[i % 8] for i in range(count - 2)] + ["outro"]
    plan, bar = [], 0
    for name, size in zip(names, lengths):
        plan.append((name, bar, size))
        bar += size
    return plan


def _choose_mood(rng, mode, bpm):
    fitting = [m[0] for m in styles.MOODS if (m[1] if mode == "major" else m[2]) and m[3] <= bpm <= m[4]]
    return _pick(rng, fitting or ["expressive"])


def compose(seed, duration=None, genre=None):
    """The song of one seed. `duration` in seconds (None: 12..30) and `genre` may be given."""
    rng = np.random.Generator(np.random.PCG64(seed))
    names = list(styles.GENRES)
    drawn = _pick(rng, names)
    genre = genre or drawn
    style = styles.GENRES[genre]
    bpm = int(rng.integers(style["bpm"][0], style["bpm"][1] + 1))
    mode = _pick(rng, ["major", "minor"])
    key = int(rng.integers(12))
    beats = 3 if rng.random() < style["waltz"] else 4
    drawn_duration = float(rng.integers(12, 31))
    duration = float(duration or drawn_duration)
    used = {"bass": _pick(rng, style["bass"]), "chords": _pick(rng, style["chords"]), "lead": _pick(rng, style["lead"])}
    if rng.random() < .08:                 # an unexpected lead, so that words and genres are not tied together
        used["lead"] = _pick(rng, instruments.LEADS)
    if rng.random() < style["pad"]:
        used["pad"] = _pick(rng, ["synth pad", "strings", "choir"]) if genre in ("classical", "cinematic", "pop", "ambient", "disco") else "synth pad"
    if rng.random() < style["arp"]:
        used["arp"] = {"chiptune": "square lead", "classical": "harp", "folk": "nylon guitar", "cinematic": "harp"}.get(
            genre, _pick(rng, ["synth pluck", "synth pluck", "bell", "piano"]))
    has_drums = bool(rng.random() < style["drums"])
    solo = rng.random() < .05              # a single instrument now and then
    if solo:
        used, has_drums = {"lead": used["lead"]}, False
    elif rng.random() < .08:
        used.pop("bass")
    groove = _pick(rng, list(styles.WALTZ_GROOVES) if beats == 3 else style["grooves"])
    song = Song(seed, genre, bpm, key, mode, beats, duration, _choose_mood(rng, mode, bpm), used, groove,
                has_drums=has_drums)
    song.swing = float(.33 * (rng.random() < style["swing"])) if style["swing"] < 1 else .5
    song.chord_pattern = _pick(rng, styles.GENRE_CHORD_PATTERNS.get(genre, list(styles.CHORD_PATTERNS)))
    song.sections = _section_plan(rng, max(1, int(duration / song.bar_seconds)))
    song.mix = dict(reverb=float(rng.uniform(.5, 1.0) if song.mood in ("dreamy", "peaceful", "mysterious", "melancholic") else rng.uniform(.1, .6)),
                    room=float(rng.uniform(.4, 2.6)), loudness=float(rng.uniform(-18, -13)),
                    jitter=rng.uniform(0, 1, (len(TRACKS), 6)).tolist(), kit=rng.uniform(0, 1, 16).tolist())
    song.notes = _Arranger(song, rng).arrange()
    return song


class _Arranger:
    """Writes the notes of one song, section by section."""

    def __init__(self, song, rng):
        self.song, self.rng, self.rows = song, rng, []
        self.step_seconds = 60.0 / song.bpm / STEP
        self.steps = song.beats_per_bar * STEP
        self.scale = styles.SCALES[song.mode]
        style = styles.GENRES[song.genre]
        self.sevenths = rng.random() < style["sevenths"]
        pool = styles.PROGRESSIONS[song.mode]
        self.progressions = {name: _pick(rng, pool) for name in SECTION_NAMES}
        self.progressions["intro"] = self.progressions["outro"] = self.progressions["verse"]
        low, high = (instruments.field(song.instruments.get("lead", "piano"), k) for k in ("low", "high"))
        self.lead_centre = float(np.clip(rng.uniform(67, 77), low + 7, high - 9))
        self.motifs = {name: self._motif() for name in SECTION_NAMES}
        self.bass_style = _pick(rng, {"techno": ["offbeat", "eighths"], "trance": ["offbeat"], "house": ["offbeat", "root fifth"],
                                      "jazz": ["walking"], "classical": ["whole"], "ambient": ["whole"], "cinematic": ["whole"],
                                      "trap": ["kick"], "rock": ["eighths"], "disco": ["octaves"], "synthwave": ["eighths", "octaves"],
                                      }.get(song.genre, ["root fifth", "kick", "syncopated"]))
        self.arp_rate = _pick(rng, [1, 2, 2])
        self.arp_shape = _pick(rng, ["up", "down", "updown", "random"])

    def time(self, bar, step):
        """Seconds of a step of a bar; swing delays every second eighth."""
        late = self.song.swing * 2 * self.step_seconds * .66 if self.song.swing and step % 4 == 2 else 0.0
        return bar * self.song.bar_seconds + step * self.step_seconds + late

    def add(self, track, start, length, pitch, velocity, instrument):
        if start < self.song.duration - .05:
            self.rows.append((TRACKS.index(track), max(0., start + self.rng.normal(0, .003)),
                              min(length, self.song.duration - start), pitch, float(np.clip(velocity, .05, 1)),
                              instrument))

    def pitch_of(self, degree, octave_base):
        octave, index = divmod(int(degree), 7)
        return octave_base + 12 * octave + self.scale[index] + self.song.key

    def chord(self, degree):
        """Scale degrees of the chord on one degree of the scale."""
        return [degree, degree + 2, degree + 4] + ([degree + 6] if self.sevenths else [])

    def _motif(self):
        """Two bars of melody rhythm: (step, length, contour change)."""
        rng, notes, step = self.rng, [], 0
        lengths = _pick(rng, [[2, 2, 4], [4, 4, 2], [2, 2, 2, 4, 6], [4, 8, 4], [1, 1, 2, 4], [3, 3, 2]])
        while step < 2 * self.steps:
            size = min(_pick(rng, lengths), 2 * self.steps - step)
            if rng.random() > LEAD_REST:
                notes.append((step, size, int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))))
            step += size
        return notes

    def arrange(self):
        song = self.song
        layers = {"intro": ["chords", "pad", "arp"], "verse": ["drums", "bass", "chords", "lead", "arp"],
                  "chorus": ["drums", "bass", "chords", "lead", "pad", "arp"], "bridge": ["chords", "lead", "pad", "bass"],
                  "outro": ["bass", "chords", "pad", "lead"]}
        if song.instruments.keys() == {"lead"}:
            layers = {name: ["lead"] for name in SECTION_NAMES}
        intro_drums = self.rng.random() < .5
        energy = {"intro": .65, "verse": .8, "chorus": 1., "bridge": .7, "outro": .65}
        bars_total = max(1, int(np.ceil(song.duration / song.bar_seconds)))
        for number, (name, first, bars) in enumerate(song.sections):
            if number == len(song.sections) - 1:
                bars = bars_total - first          # the last section also fills the incomplete bar
            active = [layer for layer in layers[name] if layer in song.instruments or layer == "drums"]
            if name in ("intro", "outro") and intro_drums and "drums" not in active and song.instruments.keys() != {"lead"}:
                active = active + ["drums"]
            if not any(layer in song.instruments for layer in active):
                active = active + ["lead"]
            for bar in range(first, first + bars):
                degree = self.progressions[name][(bar - first) % 4]
                for layer in active:
                    if layer != "drums" or song.has_drums:
                        getattr(self, "_" + layer)(name, bar, bar - first, bars, degree, energy[name])
        self.rows.sort(key=lambda row: row[1])
        return np.array(self.rows, dtype=np.float64).reshape(-1, 6)

    def _drums(self, name, bar, local, bars, degree, energy):
        song = self.song
        groove = (styles.WALTZ_GROOVES if song.beats_per_bar == 3 else styles.GROOVES)[song.groove]
        fill = local == bars - 1 and bars > 1 and self.rng.random() < .6
        for drum, pattern in groove.items():
            for step, mark in enumerate(pattern):
                if mark == "." or (fill and step >= self.steps - 4 and drum not in ("kick", "hat")):
                    continue
                velocity = int(mark) / 9 * energy * self.rng.uniform(.85, 1.05)
                self.add("drums", self.time(bar, step), .3, DRUMS.index(drum), velocity, -1)
        if fill:
            sound = _pick(self.rng, ["snare", "tom"])
            for step in range(self.steps - 4, self.steps):
                self.add("drums", self.time(bar, step), .3, DRUMS.index(sound), (.5 + .12 * (step % 4)) * energy, -1)
        if local == 0 and name == "chorus":
            self.add("drums", self.time(bar, 0), .5, DRUMS.index("open"), .8, -1)

    def _bass(self, name, bar, local, bars, degree, energy):
        instrument = self.song.instruments["bass"]
        index = instruments.INDEX[instrument]
        root = self.pitch_of(degree, 24)
        while root > 43:
            root -= 12
        while root < 28:
            root += 12
        s, half = self.step_seconds, self.steps // 2
        if self.bass_style == "whole":
            hits = [(0, self.steps, 0)]
        elif self.bass_style == "offbeat":
            hits = [(i, 2, 0) for i in range(2, self.steps, 4)]
        elif self.bass_style == "eighths":
            hits = [(i, 2, 0) for i in range(0, self.steps, 2)]
        elif self.bass_style == "octaves":
            hits = [(i, 2, 12 * (i // 2 % 2)) for i in range(0, self.steps, 2)]
        elif self.bass_style == "walking":
            line = [0, self.scale[2], 7, 9 if self.song.mode == "major" else 8]
            hits = [(4 * i, 4, line[i]) for i in range(self.song.beats_per_bar)]
        elif self.bass_style == "kick":
            hits = [(0, 6, 0), (half + 2, 4, 0)]
        elif self.bass_style == "syncopated":
            hits = [(0, 3, 0), (3, 3, 0), (6, 2, 7), (half + 2, 4, 0)]
        else:
            hits = [(0, half, 0), (half, self.steps - half, 7)]
        for step, length, offset in hits:
            self.add("bass", self.time(bar, step), length * s * .92, root + offset, .85 * energy, index)

    def _chords(self, name, bar, local, bars, degree, energy):
        instrument = self.song.instruments["chords"]
        index, low = instruments.INDEX[instrument], instruments.field(instrument, "low")
        base = 48 if low <= 50 else 60
        pitches = sorted(self._near(self.pitch_of(d, base), base + 9) for d in self.chord(degree))
        pattern = styles.CHORD_PATTERNS[self.song.chord_pattern]
        if instrument == "distorted guitar":
            root = self._near(self.pitch_of(degree, 36), 46)
            pitches = [root, root + 7, root + 12]
        hits = [(0, self.steps)] if pattern is None or name in ("intro", "bridge") else [
            (i, 2) for i, mark in enumerate(pattern[:self.steps]) if mark != "."]
        strum = .012 if "guitar" in instrument else 0.
        for step, length in hits:
            for order, pitch in enumerate(pitches):
                self.add("chords", self.time(bar, step) + strum * order, length * self.step_seconds * .95, pitch,
                         .6 * energy * self.rng.uniform(.9, 1.05), index)

    @staticmethod
    def _near(pitch, centre):
        """The octave of a pitch that lies within six semitones of the centre."""
        return pitch + 12 * round((centre - pitch) / 12)

    def _lead(self, name, bar, local, bars, degree, energy):
        instrument = self.song.instruments["lead"]
        index = instruments.INDEX[instrument]
        half = (local % 2) * self.steps
        lift = 3 if name == "chorus" else 0
        position = self._nearest_degree(self.lead_centre + lift, self.chord(degree))
        for step, length, change in self.motifs[name]:
            if not half <= step < half + self.steps:
                continue
            local_step = step - half
            position += change
            if local_step % 8 == 0:        # strong beats take chord tones
                position = self._nearest_degree(self.pitch_of(position, 60), self.chord(degree))
            pitch = self.pitch_of(position, 60)
            if abs(pitch - self.lead_centre - lift) > 10:
                position = self._nearest_degree(self.lead_centre + lift, self.chord(degree))
                pitch = self.pitch_of(position, 60)
            self.add("lead", self.time(bar, local_step), length * self.step_seconds * .94, pitch,
                     .85 * energy * self.rng.uniform(.85, 1.1), index)

    def _nearest_degree(self, pitch, degrees):
        candidates = [d + 7 * octave for d in degrees for octave in range(-4, 4)]
        return min(candidates, key=lambda d: abs(self.pitch_of(d, 60) - pitch))

    def _pad(self, name, bar, local, bars, degree, energy):
        index = instruments.INDEX[self.song.instruments["pad"]]
        for d in self.chord(degree):
            self.add("pad", self.time(bar, 0), self.song.bar_seconds * 1.02, self._near(self.pitch_of(d, 60), 64),
                     .5 * energy, index)

    def _arp(self, name, bar, local, bars, degree, energy):
        index = instruments.INDEX[self.song.instruments["arp"]]
        degrees = self.chord(degree)[:3] + [degree + 7]
        order = {"up": [0, 1, 2, 3], "down": [3, 2, 1, 0], "updown": [0, 1, 2, 3, 2, 1], "random": [0, 2, 1, 3, 2, 0, 3, 1]}[self.arp_shape]
        for count, step in enumerate(range(0, self.steps, self.arp_rate)):
            pitch = self._near(self.pitch_of(degrees[0], 60), 69) + (
                self.pitch_of(degrees[order[count % len(order)]], 60) - self.pitch_of(degrees[0], 60))
            self.add("arp", self.time(bar, step), self.arp_rate * self.step_seconds * .95, pitch,
                     .5 * energy * (1.1 if step % 4 == 0 else .85), index)

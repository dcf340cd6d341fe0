"""Tables of the composing program: genres, chord progressions, drum grooves, moods."""

KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
SCALES = {"major": [0, 2, 4, 5, 7, 9, 11], "minor": [0, 2, 3, 5, 7, 8, 10]}

# Degrees (0 = tonic) of four chords, one per bar.
PROGRESSIONS = {
    "major": [[0, 4, 5, 3], [0, 5, 3, 4], [0, 3, 4, 4], [0, 3, 0, 4], [5, 3, 0, 4], [0, 2, 3, 4], [0, 1, 4, 0],
              [0, 3, 5, 4]],
    "minor": [[0, 5, 2, 6], [0, 3, 4, 0], [0, 5, 6, 0], [0, 6, 5, 6], [0, 3, 6, 2], [0, 2, 6, 5], [0, 5, 3, 4],
              [0, 0, 5, 6]],
}

# Sixteen steps of a 4/4 bar; digits are loudness 1..9, '.' is a rest. Keys are drum names of synth.DRUMS.
GROOVES = {
    "four on the floor": {"kick": "9...9...9...9...", "clap": "....8.......8...", "hat": "..7...7...7...7.",
                          "open": "..5...5...5...5."},
    "techno": {"kick": "9...9...9...9...", "hat": "..7...7...7...7.", "ride": "4.4.4.4.4.4.4.4.", "clap": "....6.......6..."},
    "rock": {"kick": "9.......9.8.....", "snare": "....9.......9...", "hat": "7.6.7.6.7.6.7.6."},
    "pop": {"kick": "9.....7.9.......", "snare": "....8.......8...", "hat": "6.6.6.6.6.6.6.6.", "shaker": "3333333333333333"},
    "boom bap": {"kick": "9......7..8.....", "snare": "....8.......8...", "hat": "6.5.6.5.6.5.6.55"},
    "breakbeat": {"kick": "9.........9.....", "snare": "....9..5.5..9...", "hat": "6.6.6.6.6.6.6.6."},
    "trap": {"kick": "9......8...7....", "clap": "........9.......", "hat": "6.6.6.666.6.6666"},
    "funk": {"kick": "9..7......8..7..", "snare": "....9..3.3..9..3", "hat": "7676767676767676"},
    "swing": {"ride": "7...7..57...7..5", "hat": "....5.......5...", "kick": "5.......4......."},
    "bossa": {"kick": "7..67..67..67..6", "rim": "6..6..6...6..6..", "shaker": "4.4.4.4.4.4.4.4."},
    "one drop": {"kick": "........9.......", "rim": "........7.......", "hat": "5.4.5.4.5.4.5.4."},
    "cinematic": {"tom": "9.....7.8.......", "kick": "9.......6......."},
    "disco": {"kick": "9...9...9...9...", "snare": "....8.......8...", "open": "..6...6...6...6.", "hat": "5.5.5.5.5.5.5.5."},
}
# Twelve steps of a 3/4 bar.
WALTZ_GROOVES = {
    "waltz": {"kick": "8...........", "hat": "....6...6...", "rim": "....4...4..."},
    "waltz rock": {"kick": "9.....6.....", "snare": "....7...8...", "hat": "6.6.6.6.6.6."},
}

# tempo range, swing probability, groove names, probability of drums, 3/4 probability, seventh chords, roles.
GENRES = {
    "lo-fi hip hop": dict(bpm=(68, 92), swing=.8, grooves=["boom bap"], drums=.92, waltz=.04, sevenths=.9,
                          bass=["soft bass"], chords=["electric piano", "piano"], lead=["electric piano", "flute", "vibraphone", "nylon guitar"], pad=.4, arp=.2),
    "house": dict(bpm=(116, 130), swing=.1, grooves=["four on the floor"], drums=.96, waltz=0, sevenths=.5,
                  bass=["synth bass"], chords=["synth pad", "piano", "organ"], lead=["saw lead", "synth pluck", "piano"], pad=.5, arp=.5),
    "techno": dict(bpm=(124, 142), swing=0, grooves=["techno"], drums=.98, waltz=0, sevenths=.1,
                   bass=["synth bass"], chords=["synth pad"], lead=["saw lead", "square lead", "synth pluck"], pad=.4, arp=.7),
    "trance": dict(bpm=(130, 144), swing=0, grooves=["four on the floor"], drums=.9, waltz=0, sevenths=.1,
                   bass=["synth bass"], chords=["synth pad"], lead=["saw lead", "synth pluck"], pad=.8, arp=.9),
    "drum and bass": dict(bpm=(160, 180), swing=0, grooves=["breakbeat"], drums=.98, waltz=0, sevenths=.4,
                          bass=["synth bass"], chords=["synth pad", "electric piano"], lead=["saw lead", "square lead", "bell"], pad=.6, arp=.3),
    "ambient": dict(bpm=(60, 90), swing=0, grooves=["cinematic"], drums=.08, waltz=.2, sevenths=.6,
                    bass=["soft bass"], chords=["synth pad", "choir"], lead=["bell", "flute", "piano", "vibraphone"], pad=1., arp=.4),
    "classical": dict(bpm=(60, 132), swing=0, grooves=["cinematic"], drums=.05, waltz=.35, sevenths=.2,
                      bass=["cello"], chords=["piano", "strings", "harp"], lead=["violin", "flute", "piano", "clarinet"], pad=.3, arp=.5),
    "folk": dict(bpm=(78, 128), swing=.1, grooves=["pop", "bossa"], drums=.35, waltz=.3, sevenths=.1,
                 bass=["acoustic bass"], chords=["nylon guitar", "steel guitar"], lead=["flute", "violin", "steel guitar", "clarinet"], pad=.1, arp=.5),
    "rock": dict(bpm=(96, 160), swing=.05, grooves=["rock"], drums=.97, waltz=.08, sevenths=0,
                 bass=["electric bass"], chords=["distorted guitar", "steel guitar"], lead=["distorted guitar", "organ", "saw lead"], pad=.1, arp=.1),
    "pop": dict(bpm=(88, 132), swing=.05, grooves=["pop", "four on the floor"], drums=.93, waltz=.04, sevenths=.2,
                bass=["electric bass", "synth bass"], chords=["piano", "steel guitar", "synth pad"], lead=["piano", "synth pluck", "violin", "saw lead"], pad=.5, arp=.4),
    "jazz": dict(bpm=(96, 180), swing=1., grooves=["swing"], drums=.8, waltz=.15, sevenths=1.,
                 bass=["acoustic bass"], chords=["piano", "electric piano", "vibraphone"], lead=["saxophone", "trumpet", "piano", "vibraphone", "clarinet"], pad=0, arp=0),
    "synthwave": dict(bpm=(80, 118), swing=0, grooves=["rock", "four on the floor"], drums=.95, waltz=0, sevenths=.1,
                      bass=["synth bass"], chords=["synth pad"], lead=["saw lead", "square lead", "synth pluck"], pad=.9, arp=.8),
    "chiptune": dict(bpm=(110, 180), swing=0, grooves=["rock", "four on the floor"], drums=.9, waltz=.08, sevenths=0,
                     bass=["square bass"], chords=["square lead"], lead=["square lead"], pad=0, arp=.9),
    "cinematic": dict(bpm=(62, 118), swing=0, grooves=["cinematic"], drums=.6, waltz=.2, sevenths=.1,
                      bass=["cello"], chords=["strings", "choir", "brass"], lead=["violin", "brass", "trumpet", "piano"], pad=.6, arp=.5),
    "reggae": dict(bpm=(66, 92), swing=.2, grooves=["one drop"], drums=.97, waltz=0, sevenths=.1,
                   bass=["soft bass", "electric bass"], chords=["organ", "steel guitar"], lead=["trumpet", "organ", "saxophone"], pad=0, arp=.1),
    "funk": dict(bpm=(94, 118), swing=.2, grooves=["funk"], drums=.98, waltz=0, sevenths=.8,
                 bass=["electric bass"], chords=["steel guitar", "electric piano", "organ"], lead=["saxophone", "trumpet", "organ", "brass"], pad=0, arp=.2),
    "bossa nova": dict(bpm=(108, 140), swing=0, grooves=["bossa"], drums=.75, waltz=0, sevenths=1.,
                       bass=["acoustic bass"], chords=["nylon guitar", "piano"], lead=["flute", "saxophone", "nylon guitar", "vibraphone"], pad=.1, arp=.2),
    "trap": dict(bpm=(124, 160), swing=0, grooves=["trap"], drums=.97, waltz=0, sevenths=.2,
                 bass=["sub bass"], chords=["synth pad", "piano"], lead=["bell", "synth pluck", "flute", "piano"], pad=.5, arp=.3),
    "disco": dict(bpm=(108, 126), swing=0, grooves=["disco"], drums=.98, waltz=0, sevenths=.5,
                  bass=["electric bass"], chords=["steel guitar", "strings", "piano"], lead=["strings", "brass", "saxophone"], pad=.3, arp=.2),
}

# How the chord instrument plays (chosen per song, restricted by genre).
CHORD_PATTERNS = {"sustained": None, "quarters": "8...8...8...8...", "offbeat": "..8...8...8...8.",
                  "syncopated": "8..8..8...8..8..", "eighths": "8.7.8.7.8.7.8.7."}
GENRE_CHORD_PATTERNS = {
    "reggae": ["offbeat"], "funk": ["syncopated", "eighths"], "disco": ["offbeat", "eighths"], "house": ["syncopated", "sustained"],
    "rock": ["eighths", "sustained"], "bossa nova": ["syncopated"], "ambient": ["sustained"], "trance": ["sustained"],
    "cinematic": ["sustained"], "techno": ["sustained", "offbeat"],
}

# (word, fits major, fits minor, slowest and fastest bpm)
MOODS = [("happy", 1, 0, 95, 180), ("uplifting", 1, 0, 85, 180), ("warm", 1, 0, 60, 125), ("bright", 1, 0, 90, 180),
         ("peaceful", 1, 0, 60, 95), ("dreamy", 1, 1, 60, 110), ("melancholic", 0, 1, 60, 115), ("dark", 0, 1, 60, 180),
         ("tense", 0, 1, 100, 180), ("energetic", 1, 1, 122, 180), ("driving", 1, 1, 112, 180), ("calm", 1, 1, 60, 90),
         ("romantic", 1, 1, 60, 105), ("mysterious", 0, 1, 60, 130), ("playful", 1, 0, 105, 180), ("nostalgic", 1, 1, 60, 115)]

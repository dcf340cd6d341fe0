"""Words for what was rendered: captions in varied wording, metadata and section-tagged lyric sheets."""
import numpy as np

from . import instruments

_SYNONYMS = {
    "lo-fi hip hop": ["lo-fi hip hop", "lofi hip hop", "lo-fi beat", "chillhop"], "house": ["house", "deep house", "house music"],
    "drum and bass": ["drum and bass", "dnb", "drum & bass"], "synthwave": ["synthwave", "retrowave", "80s synth"],
    "chiptune": ["chiptune", "8-bit", "video game music"], "cinematic": ["cinematic", "film score", "soundtrack"],
    "classical": ["classical", "chamber music"], "bossa nova": ["bossa nova", "bossa"], "ambient": ["ambient", "atmospheric"],
    "folk": ["folk", "acoustic folk"], "trap": ["trap", "trap beat"], "electric piano": ["electric piano", "Rhodes"],
    "nylon guitar": ["nylon guitar", "classical guitar"], "steel guitar": ["steel string guitar", "acoustic guitar"],
    "distorted guitar": ["distorted guitar", "electric guitar"], "violin": ["violin", "solo violin"],
    "strings": ["strings", "string ensemble"], "saxophone": ["saxophone", "sax"], "brass": ["brass", "brass section"],
    "saw lead": ["saw lead", "synth lead"], "square lead": ["square lead", "square wave lead"], "synth pluck": ["synth pluck", "plucked synth"],
    "synth pad": ["synth pad", "warm pad"], "vibraphone": ["vibraphone", "vibes"], "bell": ["bell", "bells"], "sub bass": ["sub bass", "808 bass"],
    "soft bass": ["soft bass", "round bass"], "acoustic bass": ["acoustic bass", "upright bass"], "choir": ["choir", "choir pad"],
}
_PATTERNS = {"eighths": "driving eighth-note chords", "offbeat": "offbeat chords", "syncopated": "syncopated chords",
             "quarters": "steady quarter-note chords", "sustained": "long sustained chords"}


def _say(rng, word):
    return str(rng.choice(_SYNONYMS.get(word, [word])))


def _article(word):
    return ("an " if word[0].lower() in "aeiou8" else "a ") + word


def _tempo_word(bpm):
    return "slow" if bpm < 82 else "mid-tempo" if bpm < 112 else "upbeat" if bpm < 140 else "fast"


def caption(song, rng):
    """One sentence or a tag list; everything it says is true of the song."""
    lead, genre = _say(rng, song.instruments.get("lead", "piano")), _say(rng, song.genre)
    chords = _say(rng, song.instruments["chords"]) if "chords" in song.instruments else None
    bass = _say(rng, song.instruments["bass"]) if "bass" in song.instruments else None
    extras = []
    if chords and rng.random() < .6:
        extras.append(chords + " chords" if rng.random() < .5 else chords)
    if bass and rng.random() < .5:
        extras.append(bass)
    if "pad" in song.instruments and rng.random() < .5:
        extras.append("a soft %s" % _say(rng, song.instruments["pad"]) if song.instruments["pad"] == "synth pad" else _say(rng, song.instruments["pad"]))
    if "arp" in song.instruments and rng.random() < .5:
        extras.append("%s arpeggios" % _say(rng, song.instruments["arp"]))
    if chords and rng.random() < .15:
        extras.append(_PATTERNS[song.chord_pattern])
    if song.has_drums and rng.random() < .7:
        extras.append(str(rng.choice(["drums", "%s drums" % song.groove, "a drum beat", "drums and percussion"])))
    elif not song.has_drums and rng.random() < .75:
        extras.append(str(rng.choice(["no drums", "without drums", "beatless"])))
    rng.shuffle(extras)
    tempo = _tempo_word(song.bpm) if rng.random() < .5 else None
    mood = song.mood if rng.random() < .85 else None
    if list(song.instruments) == ["lead"]:
        options = ["Solo %s, %s" % (lead, song.mood), "%s %s solo in the style of %s" % (song.mood.capitalize(), lead, genre),
                   "Unaccompanied %s, no drums" % lead, "%s solo performance" % lead.capitalize()]
        text = str(rng.choice(options))
    elif rng.random() < .35:               # tags
        tags = [t for t in [genre, mood, lead + str(rng.choice(["", " lead", " melody"])), tempo] if t] + extras
        rng.shuffle(tags)
        text = ", ".join(tags)
    else:
        kind = str(rng.choice(["track", "song", "instrumental", "piece", "tune"]))
        head = " ".join(w for w in [mood, tempo if rng.random() < .6 else None, genre, kind] if w)
        joined = extras[0] if len(extras) == 1 else ", ".join(extras[:-1]) + " and " + extras[-1] if extras else ""
        plural = lead.endswith("s") and lead not in ("brass", "strings", "Rhodes", "brass section")
        one = lead if plural or lead in ("strings", "brass", "vibes", "bells") else _article(lead)
        templates = ["{Head} with {one} melody" + (" over {joined}" if joined else ""),
                     "{A head} featuring {lead}" + (", with {joined}" if joined else ""),
                     "{Head} led by {lead}" + (" and backed by {joined}" if joined else ""),
                     "{Lead} melody" + (" and {joined}" if joined else "") + " in {a head}"]
        template = str(rng.choice(templates))
        text = (template.replace("{Head}", head.capitalize()).replace("{A head}", _article(head).capitalize())
                .replace("{a head}", _article(head)).replace("{one}", one).replace("{lead}", lead)
                .replace("{Lead}", lead.capitalize()).replace("{joined}", joined))
    if rng.random() < .12:
        text += " in %s" % song.keyscale
    if rng.random() < .12:
        text += ", %d bpm" % song.bpm
    if song.beats_per_bar == 3 and rng.random() < .5:
        text += ", waltz" if rng.random() < .5 else " in 3/4"
    return text + ("." if rng.random() < .4 else "")


def lyric_sheet(song, rng):
    """'[Instrumental]' or one tag per section, as rendered."""
    if rng.random() < .45:
        return "[Instrumental]"
    detail = rng.random() < .35
    lines = []
    counts = {}
    for name, _, _ in song.sections:
        counts[name] = counts.get(name, 0) + 1
        label = name.capitalize()
        if name == "verse" and rng.random() < .5:
            label += " %d" % counts[name]
        if detail:
            label += " - " + ("%s melody" % song.instruments["lead"] if name in ("verse", "chorus", "bridge") and "lead" in song.instruments else "instrumental")
        lines.append("[%s]" % label)
    return ("\n\n" if rng.random() < .7 else "\n").join(lines)


def describe(song, variant=0):
    """dict(caption, lyrics, language, bpm, keyscale, timesignature, duration) of a song; variants differ in wording."""
    rng = np.random.default_rng((song.seed, variant, 17))
    return dict(caption=caption(song, rng), lyrics=lyric_sheet(song, rng), language=str(rng.choice(["unknown", "en"], p=[.6, .4])),
                bpm=song.bpm, keyscale=song.keyscale, timesignature=str(song.beats_per_bar), duration=int(song.duration),
                drums=song.has_drums, lead=song.instruments.get("lead"), genre=song.genre,
                lead_class=instruments.LEADS.index(song.instruments["lead"]) if song.instruments.get("lead") in instruments.LEADS else -1)

"""The instruments of the synthesizer: spectra as wavetables and envelope parameters.

Every tonal instrument has two single-cycle spectra, bright and dark; a note fades from the first to the second, which
is how plucked and struck sounds lose their treble. Inharmonic sounds (bells) use a longer period: `period` cycles of
the note fit in one table.
"""
import numpy as np

TABLE = 2048
OCTAVES = 9            # band-limited copies: copy o is for fundamentals in [27.5 * 2^o, 27.5 * 2^(o+1))
LOWEST = 27.5
NYQUIST_LIMIT = 21000.0


def _tilt(power, odd=1.0, even=1.0, count=400):
    """Harmonic amplitudes 1/n^power, with separate weights of odd and even harmonics."""
    n = np.arange(1, count + 1)
    return np.where(n % 2 == 1, odd, even) / n ** power


def _formants(amplitudes, centres, width=2.5, floor=.25):
    """Raise harmonics near the given harmonic numbers."""
    n = np.arange(1, len(amplitudes) + 1)
    gain = floor + sum(np.exp(-((n - c) / width) ** 2) for c in centres)
    return amplitudes * gain


def _partials(pairs, count=400):
    out = np.zeros(count)
    for number, amplitude in pairs:
        out[number - 1] = amplitude
    return out


# name: (bright, dark, attack s, decay s, sustain, release s, brightness decay s, vibrato cents, vibrato Hz, noise,
#        detune cents, drive, gain, lowest midi, highest midi, period)
_SPECS = {
    "piano": (_tilt(1.15), _tilt(2.1), .003, 1.1, .0, .18, .45, 0, 0, .02, 2, 0, .95, 28, 96, 1),
    "electric piano": (_partials([(1, 1), (2, .25), (3, .12), (7, .1), (14, .16)]), _partials([(1, 1), (2, .12)]), .003, 1.4, .1, .15, .25, 0, 0, .01, 3, .4, .9, 36, 90, 1),
    "organ": (_partials([(1, 1), (2, .8), (3, .6), (4, .4), (6, .25), (8, .3)]), _partials([(1, 1), (2, .8), (3, .5), (4, .3)]), .012, 9, 1., .05, 9, 5, 6.2, .004, 0, .3, .6, 36, 96, 1),
    "vibraphone": (_partials([(1, 1), (4, .5), (10, .25)]), _partials([(1, 1), (4, .08)]), .002, 1.3, 0., .5, .18, 4, 5, .01, 0, 0, .9, 53, 89, 1),
    "bell": (_partials([(4, 1), (11, .8), (22, .6), (33, .35), (47, .3)]), _partials([(4, 1), (11, .25), (22, .06)]), .002, 1.5, 0., .8, .5, 0, 0, .01, 1, 0, .6, 60, 96, 4),
    "nylon guitar": (_tilt(1.3, 1, .8), _tilt(2.6), .002, .7, 0., .12, .16, 0, 0, .05, 0, 0, 1., 40, 84, 1),
    "steel guitar": (_tilt(.9, 1, .9), _tilt(1.9), .002, .9, 0., .12, .28, 0, 0, .05, 4, .2, .75, 40, 86, 1),
    "distorted guitar": (_tilt(.8), _tilt(1.1), .004, 4., .7, .08, 1.5, 4, 5.2, .01, 5, 4., .7, 40, 86, 1),
    "violin": (_formants(_tilt(.9), [3, 7, 12]), _formants(_tilt(1.1), [3, 7]), .06, 9, 1., .12, 9, 16, 5.8, .02, 2, 0, .6, 55, 100, 1),
    "strings": (_tilt(1.1), _tilt(1.35), .18, 9, 1., .35, 9, 7, 5.2, .02, 14, 0, .45, 36, 96, 1),
    "cello": (_formants(_tilt(1.), [2, 5, 9]), _formants(_tilt(1.3), [2, 5]), .06, 9, .95, .15, 9, 9, 5.2, .02, 3, 0, .75, 29, 72, 1),
    "harp": (_tilt(1.5), _tilt(2.8), .002, .9, 0., .4, .2, 0, 0, .02, 0, 0, 1., 40, 96, 1),
    "flute": (_partials([(1, 1), (2, .3), (3, .12), (4, .04)]), _partials([(1, 1), (2, .18), (3, .05)]), .05, 9, .95, .1, 2, 10, 5.1, .09, 0, 0, .85, 60, 98, 1),
    "clarinet": (_tilt(1.05, 1, .12, 40), _tilt(1.4, 1, .08, 24), .035, 9, .95, .08, 3, 4, 4.8, .025, 0, 0, .7, 50, 92, 1),
    "saxophone": (_formants(_tilt(.75, count=60), [3, 5], 2.2), _formants(_tilt(1.1, count=60), [3], 2.2), .03, 9, .9, .09, 1.5, 12, 5.3, .05, 0, .8, .65, 46, 88, 1),
    "trumpet": (_formants(_tilt(.6, count=60), [5], 4.5), _formants(_tilt(1.1, count=60), [3], 3), .025, 9, .9, .07, 1.2, 7, 5.4, .015, 0, .4, .6, 52, 90, 1),
    "brass": (_formants(_tilt(.7, count=60), [4], 4), _tilt(1.4, count=60), .05, 9, .9, .12, 1., 3, 5, .02, 8, .5, .55, 40, 84, 1),
    "choir": (_formants(_tilt(1.2, count=60), [2, 4, 9], 1.6, .12), _formants(_tilt(1.4, count=60), [2, 4], 1.5, .1), .22, 9, 1., .4, 9, 12, 5.1, .05, 12, 0, .6, 40, 84, 1),
    "saw lead": (_tilt(1.), _tilt(1.35), .006, 2., .75, .1, 1.2, 7, 5.6, 0, 11, .5, .55, 45, 96, 1),
    "square lead": (_tilt(1., 1, 0), _tilt(1.15, 1, 0), .004, 9, .9, .05, 9, 5, 6., 0, 0, 0, .5, 36, 96, 1),
    "synth pluck": (_tilt(.95), _tilt(2.4), .002, .35, 0., .12, .1, 0, 0, 0, 9, 0, .8, 45, 98, 1),
    "synth pad": (_tilt(1.25), _tilt(1.7), .35, 9, 1., .6, 3, 4, 4.2, .01, 16, 0, .42, 36, 90, 1),
    "soft bass": (_tilt(2.2, count=30), _tilt(3., count=20), .006, 1.2, .5, .08, .3, 0, 0, 0, 0, .2, 1.1, 24, 55, 1),
    "synth bass": (_tilt(1.), _tilt(1.8), .004, .8, .6, .05, .16, 0, 0, 0, 6, .8, .8, 24, 55, 1),
    "sub bass": (_partials([(1, 1), (2, .12), (3, .08)]), _partials([(1, 1), (2, .05)]), .005, 1.6, .5, .15, .3, 0, 0, 0, 0, .9, 1.1, 24, 52, 1),
    "square bass": (_tilt(1., 1, .0), _tilt(1.3, 1, 0), .004, 9, .8, .04, 2, 0, 0, 0, 0, 0, .6, 28, 58, 1),
    "electric bass": (_tilt(1.3), _tilt(2.3), .003, 1.2, .35, .06, .22, 0, 0, .02, 0, .5, .95, 28, 58, 1),
    "acoustic bass": (_tilt(1.7, count=60), _tilt(2.7, count=30), .004, .8, .1, .08, .14, 0, 0, .04, 0, 0, 1.2, 28, 58, 1),
}
NAMES = list(_SPECS)
FIELDS = ["attack", "decay", "sustain", "release", "bright_decay", "vibrato", "vibrato_rate", "noise", "detune",
          "drive", "gain", "low", "high", "period"]
PARAMETERS = np.array([spec[2:] for spec in _SPECS.values()], dtype=np.float32)
INDEX = {name: number for number, name in enumerate(NAMES)}
LEADS = ["piano", "electric piano", "organ", "vibraphone", "bell", "nylon guitar", "steel guitar", "distorted guitar",
         "violin", "strings", "flute", "clarinet", "saxophone", "trumpet", "brass", "saw lead", "square lead",
         "synth pluck"]


def field(name, key):
    return float(PARAMETERS[INDEX[name], FIELDS.index(key)])


def wavetables():
    """float32 [instruments, 2 (bright, dark), OCTAVES, TABLE], each at unit RMS before band-limiting.

    Phases are pseudo-random (but fixed), which keeps the peaks low.
    """
    rng = np.random.default_rng(20240501)
    out = np.zeros((len(NAMES), 2, OCTAVES, TABLE), dtype=np.float32)
    phases = np.exp(2j * np.pi * rng.random(400))
    for number, spec in enumerate(_SPECS.values()):
        period = spec[-1]
        for side in range(2):
            amplitude = spec[side][:400]
            amplitude = amplitude / np.sqrt((amplitude ** 2).sum() / 2)
            for octave in range(OCTAVES):
                top = LOWEST * 2 ** (octave + 1) / period
                harmonics = np.arange(1, len(amplitude) + 1)
                kept = np.where(harmonics * top <= NYQUIST_LIMIT, amplitude, 0)
                spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
                spectrum[1:len(kept) + 1] = kept * phases[:len(kept)] * TABLE / 2
                out[number, side, octave] = np.fft.irfft(spectrum)
    return out

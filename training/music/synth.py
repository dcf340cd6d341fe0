"""Vectorised synthesizer: renders batches of composed songs to 48 kHz stereo, on the CPU or the GPU.

All notes of a batch are rendered together as rows of a matrix and added into one mono buffer per song and track, which
also gives the stems. Noise comes from fixed tables read at offsets that follow from the seed, so a song does not
depend on its batch (up to the rounding of additions).
"""
import math

import numpy as np
import torch

from . import instruments
from .compose import DRUMS, TRACKS

RATE = 48000
NOISE = 1 << 18
KIT_SECONDS = .6
ELEMENTS = {"cpu": 1 << 23, "cuda": 1 << 25}            # samples rendered at once: bounds the memory

# mix per track: gain dB, pan spread, reverb send, widening delay in ms
_TRACK_MIX = {"drums": (0., .0, .12, 0.), "bass": (-2., .05, .03, 0.), "chords": (-6., .35, .35, 9.),
              "lead": (-2., .2, .35, 3.), "pad": (-8.5, .1, .5, 13.), "arp": (-8., .5, .4, 7.)}


class Synth:
    """Tables on one device; `render` is the only entry point."""

    def __init__(self, device="cpu"):
        self.device, self.elements = device, ELEMENTS[torch.device(device).type]
        self.tables = torch.from_numpy(instruments.wavetables()).to(device)
        self.parameters = torch.from_numpy(instruments.PARAMETERS).to(device)
        self.noises = self._noise_tables().to(device)

    @staticmethod
    def _noise_tables():
        """White, high-passed, band-passed and low-passed noise [4, NOISE] at unit RMS."""
        rng = np.random.default_rng(977)
        spectrum = np.fft.rfft(rng.standard_normal(NOISE))
        f = np.fft.rfftfreq(NOISE, 1 / RATE)
        shapes = [np.ones_like(f), 1 / (1 + (6500 / np.maximum(f, 1)) ** 6), np.exp(-np.log2(np.maximum(f, 1) / 2200) ** 2 / .9),
                  1 / (1 + (f / 900) ** 4)]
        rows = np.stack([np.fft.irfft(spectrum * shape) for shape in shapes])
        return torch.from_numpy((rows / rows.std(1, keepdims=True)).astype(np.float32))

    def render(self, songs, stems=False):
        """Stereo audio [songs, 2, samples] of equally long songs; with stems also [songs, tracks, samples] (mono)."""
        samples = int(round(songs[0].duration * RATE))
        assert all(int(round(song.duration * RATE)) == samples for song in songs), "synth: songs differ in length"
        stack = self._tracks(songs, samples)
        self._drive(stack, songs)
        audio = self._mix(stack, songs)
        return (audio, stack) if stems else audio

    # ---- notes -------------------------------------------------------------------------------------------------

    def _tracks(self, songs, samples):
        tracks = len(TRACKS)
        buffer = torch.zeros(len(songs) * tracks * samples, device=self.device)
        rows = []
        for number, song in enumerate(songs):
            notes = song.notes
            jitter = np.asarray(song.mix["jitter"])[notes[:, 0].astype(int)] if len(notes) else np.zeros((0, 6))
            seeds = (np.arange(len(notes)) * 7919 + song.seed * 104729) % NOISE
            rows.append(np.concatenate([np.full((len(notes), 1), number), notes, jitter, seeds[:, None]], axis=1))
        table = np.concatenate(rows)
        tonal, drum = table[table[:, 1] > 0], table[table[:, 1] == 0]
        self._tonal(buffer, tonal, samples)
        if len(drum):
            self._drums(buffer, drum, songs, samples)
        return buffer.view(len(songs), tracks, samples)

    def _scatter(self, buffer, sound, begin, offset, samples):
        """Add rows of sound to the buffer; what passes a song's end is dropped."""
        t = torch.arange(sound.shape[1], device=self.device)
        position = begin[:, None] + t
        index = (offset[:, None] + position.clamp(max=samples - 1)).flatten()
        sound = torch.where(position < samples, sound, torch.zeros_like(sound))
        buffer.index_add_(0, index, sound.flatten())

    def _tonal(self, buffer, rows, samples):
        release = instruments.PARAMETERS[rows[:, 6].astype(int), instruments.FIELDS.index("release")]
        length = np.minimum(rows[:, 3] + 5 * release, 12.0) * RATE
        order = np.argsort(length, kind="stable")
        rows, length = rows[order], length[order].astype(np.int64) + 1
        begin = 0
        while begin < len(rows):
            end = len(rows)
            while (end - begin) * length[end - 1] > self.elements and end - begin > 1:
                end = begin + max(1, int(self.elements // length[end - 1]))
            sound, start, offset = self._notes(rows[begin:end], int(length[end - 1]), samples)
            self._scatter(buffer, sound, start, offset, samples)
            begin = end

    def _notes(self, rows, length, samples):
        """Waveforms [n, length] of tonal notes, their first samples and the offsets of their tracks."""
        column = [torch.from_numpy(np.ascontiguousarray(rows[:, i])).to(self.device) for i in range(rows.shape[1])]
        song, track, start, duration, pitch, velocity, which = column[:7]
        jitter, seed = [c.float().unsqueeze(1) for c in column[7:13]], column[13].long()
        which = which.long()
        p = {name: self.parameters[which, i].unsqueeze(1) for i, name in enumerate(instruments.FIELDS)}
        frequency = 440.0 * 2 ** ((pitch - 69) / 12)
        t = torch.arange(length, device=self.device)
        seconds = (t / RATE).float()[None]
        duration, velocity = duration.float().unsqueeze(1), velocity.float().unsqueeze(1)

        vibrato = p["vibrato"] * (.5 + jitter[0]) * torch.clamp(seconds * 2.5, max=1) / 1200 * math.log(2)
        rate = p["vibrato_rate"] * (.9 + .2 * jitter[1])
        sway = frequency.float().unsqueeze(1) * vibrato / (2 * math.pi * rate.clamp(min=.1)) * (
            1 - torch.cos(2 * math.pi * rate * seconds))
        cycles = (frequency / (p["period"][:, 0].double() * RATE)).unsqueeze(1) * t[None].double()
        octave = torch.floor(torch.log2(frequency / instruments.LOWEST)).clamp(0, instruments.OCTAVES - 1).long()
        brightness = torch.exp(-seconds / (p["bright_decay"] * (.6 + .8 * jitter[2]))) * (.45 + .55 * velocity)
        sound = self._voice(which, octave, cycles, sway / p["period"], brightness)
        if float(p["detune"].max()) > 0:
            shift = 2 ** ((p["detune"] * (.6 + .8 * jitter[3])) / 1200) - 1
            second = self._voice(which, octave, cycles * (1 + shift.double()) + .37, sway / p["period"], brightness)
            sound = torch.where(p["detune"] > 0, .707 * (sound + second), sound)
        index = (seed[:, None] + t) % NOISE
        breath = p["noise"] * self.noises[2][index]
        strike = torch.where(p["sustain"] < .5, torch.exp(-seconds / .02), torch.ones_like(seconds))
        sound = sound + breath * strike * 2

        attack = p["attack"] * (.7 + .6 * jitter[4])
        decay = p["decay"] * (.7 + .6 * jitter[5]) * torch.where(p["sustain"] < .05, (261.0 / frequency.float().unsqueeze(1)).clamp(.35, 2.) ** .5, torch.ones_like(attack))
        envelope = torch.clamp(seconds / attack, max=1) * (p["sustain"] + (1 - p["sustain"]) * torch.exp(-seconds / decay))
        envelope = envelope * torch.exp(-torch.clamp(seconds - duration, min=0) / p["release"])
        gain = p["gain"] * velocity ** 1.3 * .25
        offset = (song.long() * len(TRACKS) + track.long()) * samples
        return sound * envelope * gain, (start * RATE).round().long(), offset

    def _voice(self, which, octave, cycles, sway, brightness):
        size = instruments.TABLE
        position = ((cycles % 1.0).float() + sway) % 1.0 * size
        low = position.long().clamp(max=size - 1)
        fraction = position - low
        high = (low + 1) % size
        flat = self.tables.view(-1)
        base = (which * 2 * instruments.OCTAVES + octave).unsqueeze(1) * size
        dark = base + instruments.OCTAVES * size
        bright_value = flat[base + low] * (1 - fraction) + flat[base + high] * fraction
        dark_value = flat[dark + low] * (1 - fraction) + flat[dark + high] * fraction
        return dark_value + brightness * (bright_value - dark_value)

    # ---- drums -------------------------------------------------------------------------------------------------

    def _kits(self, songs):
        """One-shot samples [songs, drums, KIT]."""
        knob = torch.tensor([song.mix["kit"] for song in songs], dtype=torch.float32, device=self.device)
        k = [knob[:, i:i + 1] for i in range(knob.shape[1])]
        n = int(KIT_SECONDS * RATE)
        t = (torch.arange(n, device=self.device) / RATE)[None]
        shift = (torch.tensor([song.seed % 9973 for song in songs], device=self.device) * 13)[:, None]
        index = (shift + torch.arange(n, device=self.device)[None])
        white, high, band, low = (self.noises[i][(index + 5003 * i) % NOISE] for i in range(4))
        fall = lambda seconds: torch.exp(-t / seconds)                                     # noqa: E731
        sweep = lambda f0, f1, tau: 2 * math.pi * (f1 * t + (f0 - f1) * tau * (1 - torch.exp(-t / tau)))  # noqa: E731
        kick = torch.sin(sweep(140 + 160 * k[0], 42 + 18 * k[1], .02 + .03 * k[2])) * fall(.1 + .16 * k[3]) + .12 * high * fall(.003)
        tone = torch.sin(sweep(260 + 60 * k[4], 170 + 60 * k[4], .02)) * fall(.05 + .06 * k[5])
        snare = .5 * tone + .22 * (band + .5 * high) * fall(.06 + .1 * k[6])
        clap_bursts = sum(torch.where(t >= d, torch.exp(-(t - d).clamp(min=0) / (.008 if d < .03 else .09)), torch.zeros_like(t)) for d in (0., .011, .021, .032))
        clap = .16 * band * clap_bursts
        hat, opened = .16 * high * fall(.018 + .03 * k[7]), .15 * high * fall(.12 + .15 * k[8])
        metal = sum(torch.sign(torch.sin(2 * math.pi * f * (1 + .2 * k[9]) * t)) for f in (2930., 4110., 5320., 6870.)) / 4
        ride = (.05 * metal + .06 * high) * fall(.25 + .2 * k[10])
        tom = torch.sin(sweep(190 + 60 * k[11], 85 + 40 * k[11], .05)) * fall(.16 + .08 * k[12]) * .8
        rim = (torch.sin(2 * math.pi * (1500 + 500 * k[13]) * t) * .4 + .15 * band) * fall(.012)
        shaker = .1 * high * torch.clamp(t / .02, max=1) * fall(.03 + .02 * k[14])
        sounds = dict(kick=kick, snare=snare, hat=hat, open=opened, clap=clap, ride=ride, tom=tom, rim=rim, shaker=shaker)
        fade = torch.clamp((KIT_SECONDS - t) / .02, max=1)
        return torch.stack([sounds[name] * fade for name in DRUMS], dim=1) * .5

    def _drums(self, buffer, rows, songs, samples):
        kits = self._kits(songs)
        n = kits.shape[-1]
        step = max(1, self.elements // n)
        for begin in range(0, len(rows), step):
            part = torch.from_numpy(np.ascontiguousarray(rows[begin:begin + step])).to(self.device)
            song, drum = part[:, 0].long(), part[:, 4].long()
            sound = kits[song, drum] * part[:, 5].float().unsqueeze(1) ** 1.2
            self._scatter(buffer, sound, (part[:, 2] * RATE).round().long(), song * len(TRACKS) * samples, samples)

    # ---- mixing ------------------------------------------------------------------------------------------------

    def _drive(self, stack, songs):
        """Saturate driven tracks; chords of a distorted guitar intermodulate as they should."""
        for number, song in enumerate(songs):
            for track, name in song.instruments.items():
                drive = instruments.field(name, "drive")
                if drive > 0:
                    row = stack[number, TRACKS.index(track)]
                    row.copy_(torch.tanh(row * (1 + drive) * 2) / (2 * (1 + .45 * drive)))

    def _mix(self, stack, songs):
        count, tracks, samples = stack.shape
        gains = torch.zeros(count, tracks, 2, device=self.device)
        sends = torch.zeros(count, tracks, device=self.device)
        for i, song in enumerate(songs):
            jitter = song.mix["jitter"]
            for j, name in enumerate(TRACKS):
                level, spread, send, _ = _TRACK_MIX[name]
                if name == "lead" and len(song.instruments) == 1:
                    level = 0.
                gain = 10 ** ((level + 4 * (jitter[j][0] - .5)) / 20)
                angle = math.pi / 4 * (1 + spread * (2 * jitter[j][1] - 1) * 2)
                gains[i, j, 0], gains[i, j, 1] = gain * math.cos(angle), gain * math.sin(angle)
                sends[i, j] = gain * send * song.mix["reverb"]
        left = torch.einsum("sjn,sj->sn", stack, gains[..., 0])
        right = torch.zeros_like(left)
        for j, name in enumerate(TRACKS):
            delay = int(_TRACK_MIX[name][3] * RATE / 1000)
            right[:, delay:] += stack[:, j, :samples - delay] * gains[:, j, 1:]
        wet = self._reverb(torch.einsum("sjn,sj->sn", stack, sends), songs)
        audio = torch.stack([left, right], dim=1) + wet
        # Level: RMS over the louder half of 0.4 s blocks, then a soft ceiling.
        blocks = audio.pow(2).mean(1)[:, :samples // 19200 * 19200].unflatten(-1, (-1, 19200)).mean(-1)
        loud = blocks.topk(max(1, blocks.shape[1] // 2), dim=1).values.mean(1).sqrt()
        target = torch.tensor([10 ** (song.mix["loudness"] / 20) for song in songs], device=self.device)
        audio = audio * (target / loud.clamp(min=1e-5))[:, None, None]
        audio = torch.where(audio.abs() > .6, torch.sign(audio) * (.6 + .38 * torch.tanh((audio.abs() - .6) / .38)), audio)
        fade = int(.15 * RATE)
        audio[..., -fade:] *= torch.linspace(1, 0, fade, device=self.device) ** 2
        return audio

    def _reverb(self, send, songs):
        """Stereo reverb: convolution with exponentially decaying noise, two decorrelated channels."""
        count, samples = send.shape
        n = int(2.4 * RATE)
        t = torch.arange(n, device=self.device) / RATE
        room = torch.tensor([song.mix["room"] for song in songs], device=self.device)[:, None]
        size = 1 << (samples + n - 1).bit_length()
        spectrum = torch.fft.rfft(send, size)
        out = []
        for channel in range(2):
            shift = torch.tensor([(song.seed * 31 + channel * 100003) % NOISE for song in songs], device=self.device)
            index = (shift[:, None] + torch.arange(n, device=self.device)) % NOISE
            damp = torch.exp(-t * 6.9 / (room * .45))
            impulse = (self.noises[0][index] * damp * .6 + self.noises[3][index] * torch.exp(-t * 6.9 / room))
            impulse = impulse * torch.clamp(t / .012, max=1) / (impulse.pow(2).sum(1, keepdim=True).sqrt() + 1e-6)
            out.append(torch.fft.irfft(spectrum * torch.fft.rfft(impulse, size), size)[:, :samples])
        return torch.stack(out, dim=1)

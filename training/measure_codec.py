"""What the autoencoder keeps: encode and decode of held-out renderings and of real recordings, next to a low-pass.

The low-pass at 400 Hz keeps as many values a second as the latents do: 64 channels x 25 Hz = 1600 = stereo at 800 Hz.
"""
import glob
import os
import subprocess
import wave

import numpy as np
import torch

from reference.vae import load_vae

from . import losses
from .music.synth import RATE

# CC0 recordings of the Debian package sonic-pi-samples (22 MB): what of it is music and lasts a second or more.
MUSIC = "/usr/share/sonic-pi/samples"
KINDS = ("loop_[!3]*", "guit_*", "ambi_choir", "ambi_piano")          # loop_3d_printer is what it says
LOWEST_SECONDS = 1.0


def vae_folder(model):
    found = [folder for folder in sorted(glob.glob(os.path.join(model, "vae*"))) if os.path.isdir(folder)]
    if not found:
        raise SystemExit("measure_codec: %s has no folder vae*" % model)
    return found[0]


def low_pass(audio, hertz=400):
    spectrum = torch.fft.rfft(audio)
    spectrum[..., int(hertz * audio.shape[-1] / RATE):] = 0
    return torch.fft.irfft(spectrum, audio.shape[-1])


@torch.no_grad()
def distances(vae, audio):
    """(STFT distance, SI-SDR) of the round trip and of the low-pass, of one clip [2, samples]."""
    whole = audio.shape[-1] // vae.hop * vae.hop
    clip = torch.as_tensor(audio[None, :, :whole])
    out = vae.decode(vae.encode(clip)[0])
    return [(losses.stft_distance(x, clip), float(losses.si_sdr(x, clip))) for x in (out, low_pass(clip))]


def recordings(program):
    """Real recordings as [2, samples] at 48 kHz, at most 10 s of each; empty where the package is not installed."""
    clips = []
    for pattern in KINDS:
        for source in sorted(glob.glob(os.path.join(os.environ.get("AMS_MUSIC_DIR", MUSIC), pattern + ".flac"))):
            path = program.file("recording-" + os.path.splitext(os.path.basename(source))[0])
            if not os.path.exists(path):
                subprocess.run([program.path, "export", source, "-q", "-o", path, "--sample-rate", str(RATE)], check=True)
            with wave.open(path) as file:
                data = np.frombuffer(file.readframes(10 * RATE), "<i2").reshape(-1, file.getnchannels())
            audio = np.broadcast_to(data.T.astype(np.float32) / 32768, (2, len(data))).copy()
            if audio.shape[1] >= LOWEST_SECONDS * RATE and np.abs(audio).max() > .01:
                clips.append(audio)
    return clips


def lines_of(vae, clips, what):
    """Table lines of one kind of audio."""
    if not clips:
        return [("autoencoder, %s" % what, "not measured", "", "", 0)]
    values = np.array([distances(vae, clip) for clip in clips])              # [clips, ours and low-pass, measures]
    (stft, sdr), (low_stft, low_sdr) = values.mean(0)
    median, low_median = np.median(values[..., 1], axis=0)
    return [("autoencoder, %s: multi-resolution STFT distance" % what, "%.2f" % stft, "", "low-pass: %.2f" % low_stft, len(clips)),
            ("autoencoder, %s: SI-SDR, mean (median)" % what, "%.1f dB (%.1f dB)" % (sdr, median), "",
             "low-pass: %.1f dB (%.1f dB)" % (low_sdr, low_median), len(clips))]


def measure_codec(program, renderings):
    """Table lines; `renderings`: clips [2, samples] of held-out songs."""
    vae = load_vae(vae_folder(program.model))
    return (lines_of(vae, [clip[:, :10 * RATE] for clip in renderings], "held-out renderings") +
            lines_of(vae, recordings(program), "recordings (Debian's sonic-pi-samples, CC0)"))

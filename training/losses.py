"""Losses and distances between waveforms."""
import functools

import torch
import torch.nn.functional as F

WINDOWS = (2048, 1024, 512, 256, 128)


@functools.lru_cache(None)
def _window(size, device):
    return torch.hann_window(size, device=device)


@functools.lru_cache(None)
def _mel(bands, size, device):
    """Triangular mel filters [bands, size / 2 + 1] for 48 kHz, normalised to unit sum."""
    top = 2595 * torch.log10(torch.tensor(1 + 23000 / 700.0))
    points = 700 * (10 ** (torch.linspace(0, float(top), bands + 2) / 2595) - 1)
    f = torch.linspace(0, 24000, size // 2 + 1)
    rise = (f[None] - points[:-2, None]) / (points[1:-1] - points[:-2])[:, None]
    fall = (points[2:, None] - f[None]) / (points[2:] - points[1:-1])[:, None]
    filters = torch.minimum(rise, fall).clamp(min=0)
    return (filters / filters.sum(1, keepdim=True).clamp(min=1e-6)).to(device)


def stft(x, size):
    """Complex spectrum [rows, bins, frames] of rows of samples, scaled to be independent of the window size."""
    flat = x.reshape(-1, x.shape[-1])
    return torch.stft(flat, size, size // 4, window=_window(size, x.device), return_complex=True) / (size ** .5)


def magnitude(spectrum):
    return (spectrum.real.pow(2) + spectrum.imag.pow(2) + 1e-10).sqrt()


def spectral_loss(actual, expected):
    """(STFT loss, mel loss) over mid and side: relative magnitude error plus log magnitude error, all windows."""
    def mid_side(x):
        return torch.cat([x.sum(1), x[:, 0] - x[:, 1]])
    a, e = mid_side(actual), mid_side(expected)
    total, mel = 0.0, 0.0
    for size in WINDOWS:
        sa, se = stft(a, size), stft(e, size)
        ma, me = magnitude(sa), magnitude(se)
        convergence = (sa - se).abs().pow(1).mean() / me.mean().clamp(min=1e-4)
        linear = (ma - me).abs().mean() / me.mean().clamp(min=1e-4)
        logarithmic = (torch.log(ma + 1e-3) - torch.log(me + 1e-3)).abs().mean()
        total = total + .25 * convergence + linear + logarithmic
        if size >= 512:
            filters = _mel({2048: 128, 1024: 80, 512: 40}[size], size, str(a.device))
            mel = mel + (torch.log(filters @ ma + 1e-3) - torch.log(filters @ me + 1e-3)).abs().mean()
    return total / len(WINDOWS), mel / 3


def kl_loss(mean, std):
    """Divergence from the unit normal, summed over channels, averaged over frames."""
    return .5 * (mean.pow(2) + std.pow(2) - 2 * torch.log(std) - 1).sum(1).mean()


def stft_distance(actual, expected):
    """Multi-resolution STFT distance (spectral convergence + log magnitude L1), averaged over windows; per batch."""
    values = []
    for size in (2048, 1024, 512, 256):
        ma, me = magnitude(stft(actual, size)), magnitude(stft(expected, size))
        convergence = (ma - me).norm() / me.norm()
        values.append(convergence + (torch.log(ma + 1e-3) - torch.log(me + 1e-3)).abs().mean())
    return float(sum(values) / len(values))


def si_sdr(actual, expected):
    """Scale-invariant signal-to-distortion ratio in dB per item, both channels together."""
    a, e = actual.flatten(1), expected.flatten(1)
    target = (a * e).sum(1, keepdim=True) / e.pow(2).sum(1, keepdim=True).clamp(min=1e-9) * e
    return 10 * torch.log10(target.pow(2).sum(1) / (a - target).pow(2).sum(1).clamp(min=1e-9))

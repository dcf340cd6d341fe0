"""Oobleck autoencoder: 48 kHz stereo <-> 25 latent frames per second."""
import json
import math
import os

import torch
import torch.nn.functional as F
from torch import nn

from .gguf_io import find_gguf, load_gguf
from .safetensors_io import load_file


def snake(x, alpha, scale):
    """x + scale * sin^2(alpha x); a function of its own so that training can replace it by a fused one."""
    return x + scale * torch.sin(alpha * x).pow(2)


class Snake(nn.Module):
    """x + sin^2(exp(alpha) x) / (exp(beta) + 1e-9), parameters in log space."""

    def __init__(self, channels):
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(1, channels, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x):
        alpha, scale = self.alpha.exp().to(x.dtype), (1.0 / (self.beta.exp() + 1e-9)).to(x.dtype)
        if x.dim() == 4:
            alpha, scale = alpha.unsqueeze(2), scale.unsqueeze(2)
        return snake(x, alpha, scale)


def _planar(options):
    """Options of the 2-D convolution that treats [B, C, 1, n] like [B, C, n] (training runs it channels-last)."""
    neutral = {"stride": 1, "padding": 0, "dilation": 1}
    return {name: (neutral[name], value) for name, value in options.items()}


class WeightNormed(nn.Module):
    """w = g * v / |v|, the norm being taken over all axes but the first (the *input* axis of a transposed conv)."""

    def __init__(self, shape, bias_size):
        super().__init__()
        fan_in = shape[1] * shape[2]
        v = torch.empty(shape).uniform_(-1, 1) / math.sqrt(fan_in)
        self.weight_g = nn.Parameter(v.pow(2).sum((1, 2), keepdim=True).sqrt())
        self.weight_v = nn.Parameter(v)
        self.bias = nn.Parameter(torch.zeros(bias_size)) if bias_size else None

    def weight(self):
        norm = self.weight_v.pow(2).sum((1, 2), keepdim=True).sqrt()
        return self.weight_g * self.weight_v / norm


class Conv(WeightNormed):
    """Conv1d with weight norm; weight_v is [out, in, k]."""

    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, dilation=1, bias=True):
        super().__init__((outputs, inputs, kernel), outputs if bias else 0)
        self.options = dict(stride=stride, padding=padding, dilation=dilation)

    def forward(self, x):
        weight, bias = self.weight().to(x.dtype), None if self.bias is None else self.bias.to(x.dtype)
        if x.dim() == 4:
            return F.conv2d(x, weight.unsqueeze(2), bias, **_planar(self.options))
        return F.conv1d(x, weight, bias, **self.options)


class TransposedConv(WeightNormed):
    """ConvTranspose1d with weight norm; weight_v is [in, out, k]."""

    def __init__(self, inputs, outputs, kernel, stride, padding):
        super().__init__((inputs, outputs, kernel), outputs)
        self.options = dict(stride=stride, padding=padding)
        # A transposed convolution sums k/stride taps of every input channel: scale the start like a plain one.
        with torch.no_grad():
            self.weight_g.mul_(math.sqrt(outputs * stride / inputs))

    def forward(self, x):
        weight, bias = self.weight().to(x.dtype), self.bias.to(x.dtype)
        if x.dim() == 4:
            return F.conv_transpose2d(x, weight.unsqueeze(2), bias, **_planar(self.options))
        return F.conv_transpose1d(x, weight, bias, **self.options)


class ResidualUnit(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.snake1 = Snake(channels)
        self.conv1 = Conv(channels, channels, 7, padding=3 * dilation, dilation=dilation)
        self.snake2 = Snake(channels)
        self.conv2 = Conv(channels, channels, 1)

    def forward(self, x):
        return x + self.conv2(self.snake2(self.conv1(self.snake1(x))))


class EncoderBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.res_unit1, self.res_unit2, self.res_unit3 = (ResidualUnit(inputs, d) for d in (1, 3, 9))
        self.snake1 = Snake(inputs)
        self.conv1 = Conv(inputs, outputs, 2 * stride, stride=stride, padding=math.ceil(stride / 2))

    def forward(self, x):
        return self.conv1(self.snake1(self.res_unit3(self.res_unit2(self.res_unit1(x)))))


class DecoderBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.snake1 = Snake(inputs)
        self.conv_t1 = TransposedConv(inputs, outputs, 2 * stride, stride, math.ceil(stride / 2))
        self.res_unit1, self.res_unit2, self.res_unit3 = (ResidualUnit(outputs, d) for d in (1, 3, 9))

    def forward(self, x):
        return self.res_unit3(self.res_unit2(self.res_unit1(self.conv_t1(self.snake1(x)))))


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, multiples = config["encoder_hidden_size"], [1] + config["channel_multiples"]
        self.conv1 = Conv(config["audio_channels"], width, 7, padding=3)
        self.block = nn.ModuleList(
            EncoderBlock(width * multiples[i], width * multiples[i + 1], stride)
            for i, stride in enumerate(config["downsampling_ratios"]))
        top = width * multiples[-1]
        self.snake1 = Snake(top)
        # The official class gives the encoder `encoder_hidden_size` outputs: mean and scale of half as many channels.
        self.conv2 = Conv(top, width, 3, padding=1)

    def forward(self, x):
        x = self.conv1(x)
        for block in self.block:
            x = block(x)
        return self.conv2(self.snake1(x))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, multiples = config["decoder_channels"], [1] + config["channel_multiples"]
        strides = config["downsampling_ratios"][::-1]
        self.conv1 = Conv(config["decoder_input_channels"], width * multiples[-1], 7, padding=3)
        self.block = nn.ModuleList(
            DecoderBlock(width * multiples[-1 - i], width * multiples[-2 - i], stride)
            for i, stride in enumerate(strides))
        self.snake1 = Snake(width)
        self.conv2 = Conv(width, config["audio_channels"], 7, padding=3, bias=False)

    def forward(self, z):
        x = self.conv1(z)
        for block in self.block:
            x = block(x)
        return self.conv2(self.snake1(x))


class Vae(nn.Module):
    """encode(audio [B, 2, n]) -> (mean, std) [B, C, n // hop]; decode(latents [B, C, T]) -> audio [B, 2, hop * T]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.hop = math.prod(config["downsampling_ratios"])
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, audio):
        mean, scale = self.encoder(audio).chunk(2, dim=1)
        return mean, F.softplus(scale.float()) + 1e-4

    def encode_tiled(self, audio, chunk, overlap, noise=None):
        """Official tiling of the encoder, in samples; `noise[i]` is the draw of window i (None: the mean)."""
        stride, samples, parts = chunk - 2 * overlap, audio.shape[-1], []
        for number, begin in enumerate(range(0, samples, stride)):
            end, left = min(begin + stride, samples), max(0, begin - overlap)
            mean, std = self.encode(audio[..., left:min(samples, end + overlap)])
            z = mean if noise is None else mean + std * noise[number][..., :mean.shape[-1]]
            first = (begin - left) // self.hop
            parts.append(z[..., first:first + (end - begin) // self.hop] if end < samples else z[..., first:])
        return torch.cat(parts, dim=-1)

    def decode(self, latents):
        return self.decoder(latents)

    def decode_tiled(self, latents, chunk, overlap):
        """Official tiling: windows of `chunk` frames, `overlap` discarded on both sides."""
        while chunk - 2 * overlap <= 0 and overlap > 4:
            overlap = max(4, overlap // 2)
        stride, frames = chunk - 2 * overlap, latents.shape[-1]
        if frames <= chunk:
            return self.decode(latents)
        parts = []
        for begin in range(0, frames, stride):
            end = min(begin + stride, frames)
            left = max(0, begin - overlap)
            wave = self.decode(latents[..., left:min(frames, end + overlap)])
            parts.append(wave[..., (begin - left) * self.hop:(end - left) * self.hop])
        return torch.cat(parts, dim=-1)


def load_vae(folder, dtype=torch.float32):
    """The autoencoder of a checkpoint folder, published or quantised."""
    with open(os.path.join(folder, "config.json")) as file:
        vae = Vae(json.load(file))
    quantised = find_gguf(folder)
    vae.load_state_dict(load_gguf(quantised)[0] if quantised else
                        load_file(os.path.join(folder, "diffusion_pytorch_model.safetensors")))
    return vae.to(dtype).eval()

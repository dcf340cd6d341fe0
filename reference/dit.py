"""Diffusion transformer: predicts the velocity of noisy 25 Hz latents."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from .layers import Attention, RmsNorm, SwiGlu, additive_mask, rotary_table, window_allowed

_SINUSOID = 256


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear_1 = nn.Linear(_SINUSOID, width)
        self.linear_2 = nn.Linear(width, width)
        self.time_proj = nn.Linear(width, 6 * width)

    def forward(self, t):
        """t [B] -> (embedding [B, width], modulation [B, 6, width])."""
        half = _SINUSOID // 2
        rate = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32, device=t.device) / half)
        angle = 1000.0 * t.float()[:, None] * rate
        wave = torch.cat([angle.cos(), angle.sin()], dim=-1).to(self.linear_1.weight.dtype)
        embedding = self.linear_2(F.silu(self.linear_1(wave)))
        return embedding, self.time_proj(F.silu(embedding)).unflatten(-1, (6, -1))


def modulate(x, scale, shift):
    return x * (1 + scale) + shift


class DitLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, eps = config["hidden_size"], config["rms_norm_eps"]
        shape = (width, config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"], eps)
        self.self_attn_norm, self.self_attn = RmsNorm(width, eps), Attention(*shape)
        self.cross_attn_norm, self.cross_attn = RmsNorm(width, eps), Attention(*shape)
        self.mlp_norm, self.mlp = RmsNorm(width, eps), SwiGlu(width, config["intermediate_size"])
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, width) / width ** 0.5)

    def forward(self, x, condition, modulation, table, mask, condition_mask=None):
        rows = (self.scale_shift_table + modulation).to(x.dtype)
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = (r.unsqueeze(1) for r in rows.unbind(1))
        x = x + gate_a * self.self_attn(modulate(self.self_attn_norm(x), scale_a, shift_a), table=table, mask=mask)
        x = x + self.cross_attn(self.cross_attn_norm(x), source=condition, mask=condition_mask)
        return x + gate_m * self.mlp(modulate(self.mlp_norm(x), scale_m, shift_m))


class Dit(nn.Module):
    """Velocity v [B, T, C] of state x [B, T, C] given context latents [B, T, 2C] and condition tokens [B, L, E]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width, patch = config["hidden_size"], config["patch_size"]
        channels = config["audio_acoustic_hidden_dim"]
        encoder_width = config.get("encoder_hidden_size") or width
        self.proj_in = nn.Sequential(nn.Identity(), nn.Conv1d(config["in_channels"], width, patch, stride=patch))
        self.time_embed, self.time_embed_r = TimeEmbedding(width), TimeEmbedding(width)
        self.condition_embedder = nn.Linear(encoder_width, width)
        self.layers = nn.ModuleList(DitLayer(config) for _ in range(config["num_hidden_layers"]))
        self.norm_out = RmsNorm(width, config["rms_norm_eps"])
        self.proj_out = nn.Sequential(nn.Identity(), nn.ConvTranspose1d(width, channels, patch, stride=patch))
        self.scale_shift_table = nn.Parameter(torch.randn(1, 2, width) / width ** 0.5)

    def forward(self, x, context, condition, t, r=None, condition_mask=None):
        """t, r [B]: noise level and the level that time_embed_r is relative to (r = t when sampling).

        condition_mask [B, L] hides padding in training batches; the official sampler never masks.
        """
        frames, patch = x.shape[1], self.config["patch_size"]
        u = F.pad(torch.cat([context, x], dim=-1), (0, 0, 0, -frames % patch))
        h = self.proj_in(u.transpose(1, 2)).transpose(1, 2)
        condition = self.condition_embedder(condition)
        embedding_t, modulation_t = self.time_embed(t)
        embedding_r, modulation_r = self.time_embed_r(t - (t if r is None else r))
        embedding, modulation = embedding_t + embedding_r, modulation_t + modulation_r
        n = h.shape[1]
        table = rotary_table(torch.arange(n, device=h.device), self.config["head_dim"],
                             float(self.config["rope_theta"]))
        window = self.config["sliding_window"]
        windowed = additive_mask(window_allowed(n, window, h.device)) if n > window + 1 else None
        hidden = None if condition_mask is None else additive_mask(condition_mask.bool())[:, None, None, :]
        for number, layer in enumerate(self.layers):
            sliding = self.config["layer_types"][number] == "sliding_attention"
            h = layer(h, condition, modulation, table, windowed if sliding else None, hidden)
        shift, scale = (row.unsqueeze(1) for row in (self.scale_shift_table + embedding.unsqueeze(1)).to(h.dtype).unbind(1))
        h = self.norm_out(h) * (1 + scale) + shift
        return self.proj_out(h.transpose(1, 2)).transpose(1, 2)[:, :frames]

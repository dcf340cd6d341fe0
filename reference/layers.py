"""Building blocks shared by all transformers of the family: norm, rotary positions, attention, feed-forward."""
import torch
import torch.nn.functional as F
from torch import nn

_HAS_SDPA = hasattr(F, "scaled_dot_product_attention")


def rms_norm(x, weight, eps):
    """RMS norm with statistics in float32; the weight is applied in the type of the input."""
    y = x.float()
    y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + eps)
    return y.to(x.dtype) * weight.to(x.dtype)


def swiglu(gate, up):
    return F.silu(gate) * up


class RmsNorm(nn.Module):

    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


class SwiGlu(nn.Module):
    """down(silu(gate(x)) * up(x)) without biases."""

    def __init__(self, width, inner):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(swiglu(self.gate_proj(x), self.up_proj(x)))


def rotary_table(positions, head_dim, theta):
    """cos and sin of shape positions.shape + [head_dim / 2], in float32."""
    exponent = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions.device) / head_dim
    angle = positions.float().unsqueeze(-1) * (theta ** -exponent)
    return angle.cos(), angle.sin()


def rotate(x, table):
    """Apply rotate-half rotary positions to x [B, heads, n, head_dim]; table entries are [n, d/2] or [B, n, d/2]."""
    cos, sin = (t.unsqueeze(-3).to(x.dtype) for t in table)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def additive_mask(allowed, dtype=torch.float32):
    """Turn a boolean mask into finfo.min where not allowed: a row with no allowed key averages over all keys."""
    return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill(~allowed, torch.finfo(dtype).min)


def window_allowed(n, window, device):
    """Boolean [n, n]: |i - j| <= window, both ends included."""
    index = torch.arange(n, device=device)
    return (index[:, None] - index[None, :]).abs() <= window


def attend(q, k, v, mask=None):
    """Grouped-query attention. q [B, h, n, d]; k, v [B, kv, m, d]; mask is additive and broadcasts to [B, h, n, m]."""
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
    if _HAS_SDPA:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask.to(q.dtype))
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores.float(), dim=-1).to(q.dtype) @ v


class Attention(nn.Module):
    """Self- or cross-attention; `qk_norm` normalises every head (Qwen3, ACE-Step), `qkv_bias` is Qwen2's."""

    def __init__(self, width, heads, kv_heads, head_dim, eps, qk_norm=True, qkv_bias=False):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, head_dim
        self.q_proj = nn.Linear(width, heads * head_dim, bias=qkv_bias)
        self.k_proj = nn.Linear(width, kv_heads * head_dim, bias=qkv_bias)
        self.v_proj = nn.Linear(width, kv_heads * head_dim, bias=qkv_bias)
        self.o_proj = nn.Linear(heads * head_dim, width, bias=False)
        self.q_norm = RmsNorm(head_dim, eps) if qk_norm else nn.Identity()
        self.k_norm = RmsNorm(head_dim, eps) if qk_norm else nn.Identity()

    def forward(self, x, source=None, table=None, mask=None, cache=None):
        """`source`: keys come from it (cross-attention). `cache`: a list that receives and extends [k, v]."""
        source = x if source is None else source
        q = self.q_norm(self.q_proj(x).unflatten(-1, (self.heads, self.head_dim))).transpose(1, 2)
        k = self.k_norm(self.k_proj(source).unflatten(-1, (self.kv_heads, self.head_dim))).transpose(1, 2)
        v = self.v_proj(source).unflatten(-1, (self.kv_heads, self.head_dim)).transpose(1, 2)
        if table is not None:
            q, k = rotate(q, table), rotate(k, table)
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
            cache[:] = [k, v]
        return self.o_proj(attend(q, k, v, mask).transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer of the Qwen models and of all bidirectional encoders of ACE-Step."""

    def __init__(self, width, inner, heads, kv_heads, head_dim, eps, qk_norm=True, qkv_bias=False):
        super().__init__()
        self.input_layernorm = RmsNorm(width, eps)
        self.self_attn = Attention(width, heads, kv_heads, head_dim, eps, qk_norm, qkv_bias)
        self.post_attention_layernorm = RmsNorm(width, eps)
        self.mlp = SwiGlu(width, inner)

    def forward(self, x, table, mask=None, cache=None):
        x = x + self.self_attn(self.input_layernorm(x), table=table, mask=mask, cache=cache)
        return x + self.mlp(self.post_attention_layernorm(x))

"""Condition encoders and the 25 Hz <-> 5 Hz audio code tokenizer of ACE-Step 1.5."""
import torch
from torch import nn

from .layers import EncoderLayer, RmsNorm, additive_mask, rotary_table, window_allowed


class EncoderShape:
    """Sizes of all stacks outside the DiT, from config.json (`encoder_*` falls back to the decoder's values)."""

    def __init__(self, config):
        self.width = config.get("encoder_hidden_size") or config["hidden_size"]
        self.inner = config.get("encoder_intermediate_size") or config["intermediate_size"]
        self.heads = config.get("encoder_num_attention_heads") or config["num_attention_heads"]
        self.kv_heads = config.get("encoder_num_key_value_heads") or config["num_key_value_heads"]
        self.head_dim, self.eps = config["head_dim"], config["rms_norm_eps"]
        self.theta, self.window = float(config["rope_theta"]), config["sliding_window"]
        self.layer_types = config["layer_types"]
        self.has_timbre_cls = "encoder_hidden_size" in config

    def layers(self, count):
        return nn.ModuleList(EncoderLayer(self.width, self.inner, self.heads, self.kv_heads, self.head_dim, self.eps)
                             for _ in range(count))


class Stack(nn.Module):
    """Bidirectional layers, alternately windowed and full, and a final norm. Subclasses add inputs and outputs."""

    def __init__(self, shape, count):
        super().__init__()
        self.shape = shape
        self.layers = shape.layers(count)
        self.norm = RmsNorm(shape.width, shape.eps)

    def run(self, x, valid=None):
        """x [B, n, width]; valid [B, n] marks keys that may be seen (None: all)."""
        n = x.shape[1]
        table = rotary_table(torch.arange(n, device=x.device), self.shape.head_dim, self.shape.theta)
        full = None if valid is None else additive_mask(valid[:, None, None, :].bool().expand(-1, 1, n, n))
        windowed = full
        if n > self.shape.window + 1:
            allowed = window_allowed(n, self.shape.window, x.device)[None, None]
            windowed = additive_mask(allowed if valid is None else allowed & valid[:, None, None, :].bool())
        for number, layer in enumerate(self.layers):
            x = layer(x, table, windowed if self.shape.layer_types[number] == "sliding_attention" else full)
        return self.norm(x)


class LyricEncoder(Stack):
    def __init__(self, config, shape):
        super().__init__(shape, config["num_lyric_encoder_hidden_layers"])
        self.embed_tokens = nn.Linear(config["text_hidden_dim"], shape.width)

    def forward(self, embeddings, valid):
        return self.run(self.embed_tokens(embeddings), valid)


class TimbreEncoder(Stack):
    """Reference latents [R, F, C] -> one vector per clip: the state of the CLS token (XL) or of the first frame (2B)."""

    def __init__(self, config, shape):
        super().__init__(shape, config["num_timbre_encoder_hidden_layers"])
        self.embed_tokens = nn.Linear(config["timbre_hidden_dim"], shape.width)
        self.special_token = nn.Parameter(torch.randn(1, 1, shape.width) * 0.02)

    def forward(self, latents):
        x = self.embed_tokens(latents)
        if self.shape.has_timbre_cls:
            x = torch.cat([self.special_token.to(x.dtype).expand(x.shape[0], -1, -1), x], dim=1)
        return self.run(x)[:, 0]


def group_by_sample(vectors, order, batch):
    """Regroup one vector per clip into [B, most clips, width] and a 0/1 mask, keeping the clips' order."""
    counts = torch.bincount(order, minlength=batch)
    most = int(counts.max())
    grouped = vectors.new_zeros(batch, most, vectors.shape[-1])
    mask = torch.zeros(batch, most, dtype=torch.long, device=vectors.device)
    used = [0] * batch
    for clip, sample in enumerate(order.tolist()):
        grouped[sample, used[sample]] = vectors[clip]
        mask[sample, used[sample]] = 1
        used[sample] += 1
    return grouped, mask


def pack(a, b, a_mask, b_mask):
    """Concatenate along tokens and move valid ones to the front (stable)."""
    x, mask = torch.cat([a, b], dim=1), torch.cat([a_mask.bool(), b_mask.bool()], dim=1)
    order = (~mask).long().argsort(dim=1, stable=True) if hasattr(torch, "compile") else _stable_order(mask)
    x = x.gather(1, order.unsqueeze(-1).expand_as(x))
    return x, mask.gather(1, order)


def _stable_order(mask):
    """Stable partition for torch versions whose argsort has no `stable`."""
    n = mask.shape[1]
    return ((~mask).long() * n + torch.arange(n, device=mask.device)).argsort(dim=1)


class ConditionEncoder(nn.Module):
    """Lyrics, timbre and text to one packed sequence [B, L, width] with its mask."""

    def __init__(self, config):
        super().__init__()
        shape = EncoderShape(config)
        self.text_projector = nn.Linear(config["text_hidden_dim"], shape.width, bias=False)
        self.lyric_encoder = LyricEncoder(config, shape)
        self.timbre_encoder = TimbreEncoder(config, shape)

    def forward(self, text, text_mask, lyric, lyric_mask, references, reference_order):
        lyric = self.lyric_encoder(lyric, lyric_mask)
        timbre, timbre_mask = group_by_sample(self.timbre_encoder(references), reference_order, text.shape[0])
        packed, mask = pack(lyric, timbre, lyric_mask, timbre_mask)
        return pack(packed, self.text_projector(text), mask, text_mask)


class Fsq(nn.Module):
    """Finite scalar quantizer with the soft clamp c*tanh(x/c), c = 1 + 1/(L-1), then a hard clamp."""

    def __init__(self, width, levels):
        super().__init__()
        self.project_in = nn.Linear(width, len(levels))
        self.project_out = nn.Linear(len(levels), width)
        self.register_buffer("steps", torch.tensor(levels) - 1, persistent=False)
        self.register_buffer("basis", torch.tensor([1] + levels[:-1]).cumprod(0), persistent=False)

    def forward(self, x):
        """(values after project_out, indices); always in float32, gradients pass the rounding straight through."""
        with torch.autocast(x.device.type, enabled=False):
            z = nn.functional.linear(x.float(), self.project_in.weight.float(), self.project_in.bias.float())
            limit = 1.0 + 1.0 / self.steps
            y = (limit * torch.tanh(z / limit)).clamp(-1, 1)
            level = torch.floor(self.steps * (y + 1) / 2 + 0.5)
            quantized = y + (2 * level / self.steps - 1 - y).detach()
            out = nn.functional.linear(quantized, self.project_out.weight.float(), self.project_out.bias.float())
        return out.to(x.dtype), (level.long() * self.basis).sum(-1)

    def decode(self, indices):
        level = indices.unsqueeze(-1).div(self.basis, rounding_mode="floor") % (self.steps + 1)
        return self.project_out((2 * level / self.steps - 1).to(self.project_out.weight.dtype))


class AttentionPooler(Stack):
    def __init__(self, config, shape):
        super().__init__(shape, config["num_attention_pooler_hidden_layers"])
        self.embed_tokens = nn.Linear(shape.width, shape.width)
        self.special_token = nn.Parameter(torch.randn(1, 1, shape.width) * 0.02)

    def forward(self, x):
        """[B, n, window, width] -> [B, n, width]."""
        x = self.embed_tokens(x)
        flat = x.flatten(0, 1)
        flat = torch.cat([self.special_token.to(x.dtype).expand(flat.shape[0], -1, -1), flat], dim=1)
        return self.run(flat)[:, 0].unflatten(0, x.shape[:2])


class AudioTokenizer(nn.Module):
    """25 Hz latents [B, T, C] (T a multiple of the window) -> quantized 5 Hz vectors and codes."""

    def __init__(self, config):
        super().__init__()
        shape = EncoderShape(config)
        self.window = config["pool_window_size"]
        self.audio_acoustic_proj = nn.Linear(config["audio_acoustic_hidden_dim"], shape.width)
        self.attention_pooler = AttentionPooler(config, shape)
        self.quantizer = Fsq(shape.width, list(config["fsq_input_levels"]))

    def forward(self, latents):
        x = self.audio_acoustic_proj(latents).unflatten(1, (-1, self.window))
        return self.quantizer(self.attention_pooler(x))

    def padded(self, latents, silence):
        """Append silence [1, frames, C] up to a multiple of the window."""
        missing = -latents.shape[1] % self.window
        if not missing:
            return latents
        return torch.cat([latents, silence[:, :missing].to(latents.dtype).expand(latents.shape[0], -1, -1)], dim=1)


class AudioDetokenizer(Stack):
    """Quantized 5 Hz vectors [B, n, width] -> 25 Hz latents [B, n * window, C]."""

    def __init__(self, config, shape):
        super().__init__(shape, config["num_attention_pooler_hidden_layers"])
        self.embed_tokens = nn.Linear(shape.width, shape.width)
        self.special_tokens = nn.Parameter(torch.randn(1, config["pool_window_size"], shape.width) * 0.02)
        self.proj_out = nn.Linear(shape.width, config["audio_acoustic_hidden_dim"])

    def forward(self, x):
        x = self.embed_tokens(x).unsqueeze(2) + self.special_tokens.to(x.dtype).unsqueeze(1)
        out = self.proj_out(self.run(x.flatten(0, 1)))
        return out.unflatten(0, x.shape[:2]).flatten(1, 2)

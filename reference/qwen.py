"""Qwen2 / Qwen3 decoder: text encoder, 5 Hz planner and lyrics writer differ only in their configuration."""
import json
import os

import torch
from torch import nn

from .layers import EncoderLayer, RmsNorm, additive_mask, rotary_table
from .safetensors_io import load_folder


class Qwen(nn.Module):
    """Causal transformer with the tensor names of the official files (without the optional `model.` prefix)."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width, heads = config["hidden_size"], config["num_attention_heads"]
        self.head_dim = config.get("head_dim") or width // heads
        is_qwen3 = config["model_type"] == "qwen3"
        self.embed_tokens = nn.Embedding(config["vocab_size"], width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, config["intermediate_size"], heads, config["num_key_value_heads"], self.head_dim,
                         config["rms_norm_eps"], qk_norm=is_qwen3,
                         qkv_bias=not is_qwen3 or bool(config.get("attention_bias")))
            for _ in range(config["num_hidden_layers"]))
        self.norm = RmsNorm(width, config["rms_norm_eps"])
        self.lm_head = None if config["tie_word_embeddings"] else nn.Linear(width, config["vocab_size"], bias=False)

    def forward(self, ids, attention_mask=None, caches=None, embeddings=None):
        """Final normed hidden states [B, n, width].

        attention_mask [B, past + n] marks valid tokens (positions count only those); caches is a list with one empty
        list per layer that keeps keys and values between calls.
        """
        x = self.embed_tokens(ids) if embeddings is None else embeddings
        batch, n = x.shape[:2]
        past = caches[0][0].shape[2] if caches and caches[0] else 0
        index = torch.arange(past + n, device=x.device)
        allowed = index[None, past:, None] >= index[None, None, :]
        positions = index[past:]
        if attention_mask is not None:
            positions = (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, past:]
            allowed = allowed & attention_mask.bool()[:, None, :]
        table = rotary_table(positions, self.head_dim, float(self.config["rope_theta"]))
        mask = additive_mask(allowed).unsqueeze(1)
        for number, layer in enumerate(self.layers):
            x = layer(x, table, mask, caches[number] if caches is not None else None)
        return self.norm(x)

    def logits(self, hidden):
        """Rows of the vocabulary; tied models use the embedding table."""
        return hidden @ self.embed_tokens.weight.T.to(hidden.dtype) if self.lm_head is None else self.lm_head(hidden)

    def new_caches(self):
        return [[] for _ in self.layers]


def load_qwen(folder, dtype=torch.float32):
    """Build the model of a folder with config.json and (sharded) safetensors, with or without `model.` prefix."""
    with open(os.path.join(folder, "config.json")) as file:
        model = Qwen(json.load(file))
    tensors = {name[6:] if name.startswith("model.") else name: value for name, value in load_folder(folder).items()}
    model.load_state_dict(tensors)
    return model.to(dtype).eval()

"""The complete conditional generation model: condition encoder, code tokenizer, detokenizer and DiT."""
import json
import os

import torch
from torch import nn

from .conditioning import AudioDetokenizer, AudioTokenizer, ConditionEncoder, EncoderShape
from .dit import Dit
from .safetensors_io import load_file, load_folder


class AceStep(nn.Module):
    """Module names equal the official tensor names; sizes come from config.json."""

    def __init__(self, config):
        super().__init__()
        config = dict(config)
        types, encoders = config.get("layer_types") or [], config.get("num_lyric_encoder_hidden_layers", 8)
        config["layer_types"] = types + ["full_attention" if i % 2 else "sliding_attention"     # for layers the list lacks
                                         for i in range(len(types), max(config["num_hidden_layers"], encoders))]
        self.config = config
        self.decoder = Dit(config)
        self.encoder = ConditionEncoder(config)
        self.tokenizer = AudioTokenizer(config)
        self.detokenizer = AudioDetokenizer(config, EncoderShape(config))
        self.null_condition_emb = nn.Parameter(torch.randn(1, 1, EncoderShape(config).width) * 0.02)

    def codes(self, latents, silence):
        """5 Hz codes [B, ceil(T / 5)] of 25 Hz latents."""
        return self.tokenizer(self.tokenizer.padded(latents, silence))[1]

    def hints_of_codes(self, codes):
        """25 Hz latents [B, 5n, C] of codes [B, n]."""
        return self.detokenizer(self.tokenizer.quantizer.decode(codes))

    def hints_of_latents(self, latents, silence):
        """Round trip through the codes, cut to the length of the input."""
        quantized, _ = self.tokenizer(self.tokenizer.padded(latents, silence))
        return self.detokenizer(quantized)[:, :latents.shape[1]]

    def context(self, source, chunk_mask, is_cover, silence, hints=None):
        """Context latents [B, T, 2C]: source (or its code hints where is_cover) and chunk mask."""
        if hints is None:
            hints = self.hints_of_latents(source, silence)
        chosen = torch.where(is_cover.bool()[:, None, None], hints[:, :source.shape[1]].to(source.dtype), source)
        return torch.cat([chosen, chunk_mask.to(source.dtype)], dim=-1)


def load_ace_step(folder, dtype=torch.float32):
    """(model, silence latent [1, frames, C]) of a checkpoint folder."""
    with open(os.path.join(folder, "config.json")) as file:
        model = AceStep(json.load(file))
    model.load_state_dict(load_folder(folder))
    silence = os.path.join(folder, "silence_latent.safetensors")
    if os.path.exists(silence):
        table = next(iter(load_file(silence).values()))
    else:
        table = torch.load(os.path.join(folder, "silence_latent.pt"), map_location="cpu")
    if table.shape[1] == model.config["audio_acoustic_hidden_dim"]:
        table = table.transpose(1, 2)
    return model.to(dtype).eval(), table.contiguous().to(dtype)

"""From a request to latents and audio: what the official handler does around the networks (batch of one).

    python3 -m reference.request MODEL_FOLDER OUT.wav "caption" [--seconds 20] [--seed 1] [--bpm 120] [--keyscale "C major"]
"""
import argparse
import glob
import os
import re
import sys
import wave

import torch
import torch.nn.functional as F

from . import prompts, sampler, tokenizer
from .model import load_ace_step
from .qwen import load_qwen
from .vae import load_vae

RATE, SHORTEST, REFERENCE_FRAMES = 48000, 128, 750
TEXT_LIMIT, LYRIC_LIMIT = 256, 2048


class Parts:
    """The networks and tables of one song model."""

    def __init__(self, dit_folder, text_folder, vae_folder):
        self.model, self.silence = load_ace_step(dit_folder)
        self.text, self.vae = load_qwen(text_folder), load_vae(vae_folder)
        self.words = tokenizer.load(text_folder)


def repaint_settings(mode, strength):
    """(injection ratio, latent ramp in frames, wave ramp in seconds)."""
    inverse = {"aggressive": 0.0, "conservative": 1.0}.get(mode, 1.0 - strength)
    return inverse, round(25 * inverse), 0.05 * inverse


def frames_of_codes(text):
    return torch.tensor([[min(int(n), 63999) for n in re.findall(r"<\|audio_code_(\d+)\|>", text)]])


class Request:
    """Everything the sampler needs for one request; see the fields set in __init__.

    p: dict(caption, lyrics, language, bpm, keyscale, timesignature, task, seconds, ...) as in the golden manifest;
    source, reference: audio [1, 2, n] or None; draws: iterator of standard normal draws for encoding (None: the mean).
    """

    def __init__(self, parts, p, source=None, reference=None, draws=None):
        self.parts, self.p, self.draws = parts, p, draws
        task = "cover" if p.get("codes") else p["task"]
        self.left = max(0.0, -p.get("start", 0.0))
        self.range = None
        seconds = source.shape[-1] / RATE if source is not None else p["seconds"]
        timbre = parts.silence[:, :REFERENCE_FRAMES] if reference is None else self.encode(reference)
        self.clean, self.wave, hints = self.source_latents(p, task, source, seconds)
        if p.get("codes"):
            hints = parts.model.hints_of_codes(frames_of_codes(p["codes"]))
            self.clean = hints
        length = max(SHORTEST, self.clean.shape[1])
        pad = parts.silence[:, :length - self.clean.shape[1]]
        self.clean = torch.cat([self.clean, pad], dim=1)
        hints = None if hints is None else torch.cat([hints, pad], dim=1)[:, :length]
        self.shown = self.clean
        self.inside = torch.ones(1, length, dtype=torch.bool)
        if task == "repaint":
            first = min(int(self.range[0] * RATE // 1920), length - 1)
            last = max(first + 1, min(int(self.range[1] * RATE // 1920), length))
            frame = torch.arange(length)[None]
            self.inside = (frame >= first) & (frame < last)
            self.shown = torch.where(self.inside[..., None], parts.silence[:, :length], self.clean)
        text_ids = self.text_ids(task, seconds)
        self.conditions = self.condition(text_ids, timbre, self.shown, task == "cover", hints)
        other = self.text_ids("text2music", seconds)
        other = (other + [parts.words.added["<|endoftext|>"]] * len(text_ids))[:len(text_ids)]
        self.other = self.condition(other, timbre, parts.silence[:, :length], False, None)

    def encode(self, audio):
        mean, std = self.parts.vae.encode(audio)
        return (mean if self.draws is None else mean + std * next(self.draws)).transpose(1, 2)

    def source_latents(self, p, task, source, seconds):
        """(clean latents, padded source wave or None, hints)."""
        if source is None:
            frames = max(SHORTEST, int(max(0.1, round(seconds, 1)) * RATE) // 1920)    # one slice, no appended pad
            return self.parts.silence[:, :frames], None, None
        if task == "text2music":           # flow edit: the source is morphed, the context stays silent
            return self.encode(source), source, None
        if task == "repaint":
            end = seconds if p.get("end") is None or p["end"] < 0 else p["end"]
            self.range = (p["start"] + self.left, end + self.left)
            source = F.pad(source, (int(self.left * RATE), int(max(0.0, end - seconds) * RATE)))
        clean = self.encode(source)
        return clean, source, self.parts.model.hints_of_latents(clean, self.parts.silence) if task == "cover" else None

    def text_ids(self, task, seconds, caption=None):
        description = dict(self.p, duration=int(seconds))
        if caption is not None:
            description["caption"] = caption
        return self.parts.words.encode(prompts.text_prompt(description, task), TEXT_LIMIT)

    def condition(self, text_ids, timbre, source, is_cover, hints, lyrics=None):
        """sampler.Conditions of token ids, timbre latents and source latents."""
        parts, description = self.parts, dict(self.p, **({} if lyrics is None else {"lyrics": lyrics}))
        lyric = torch.tensor([parts.words.encode(prompts.lyric_prompt(description), LYRIC_LIMIT)])
        text = torch.tensor([text_ids])
        ones = torch.ones_like
        tokens, _ = parts.model.encoder(parts.text(text), ones(text), parts.text.embed_tokens(lyric), ones(lyric), timbre,
                                        torch.zeros(1, dtype=torch.long))
        mask = self.inside[..., None].float().expand_as(source) if self.p.get("explicit_mask") else torch.ones_like(source)
        context = parts.model.context(source, mask, torch.tensor([is_cover]), parts.silence, source if hints is None else hints)
        return sampler.Conditions(tokens, context)

    def sample(self, noise, steps, shift, scale, dcw=None):
        p, repaint = self.p, None
        if self.range is not None:
            ratio, ramp, _ = repaint_settings(p.get("mode", "balanced"), p.get("strength", 0.5))
            repaint = dict(clean=self.clean, inside=self.inside, ratio=ratio, ramp=ramp)
        return sampler.generate(self.parts.model, self.conditions, noise, steps, shift, scale, dcw=dcw,
                                other=self.other if p.get("cover_strength", 1.0) < 1.0 else None,
                                cover_strength=p.get("cover_strength", 1.0), cover_noise_strength=p.get("cover_noise", 0.0),
                                source=self.shown, repaint=repaint)

    def decode(self, latents):
        """Audio [1, 2, n]: peaks above 1 are scaled down, then the repainted zone is spliced into the source."""
        audio = self.parts.vae.decode(latents.transpose(1, 2))
        peak = audio.abs().max()
        audio = audio / peak if peak > 1 else audio
        if self.range is None or self.p.get("mode") == "aggressive":
            return audio
        length = min(audio.shape[-1], self.wave.shape[-1])
        ramp = int(repaint_settings(self.p.get("mode", "balanced"), self.p.get("strength", 0.5))[2] * RATE)
        sample = torch.arange(length)[None]
        zone = (sample >= int(self.range[0] * RATE)) & (sample < int(self.range[1] * RATE))
        weights = sampler.repaint_weights(zone, ramp)
        mixed = weights * audio[..., :length] + (1 - weights) * self.wave[..., :length]
        return torch.cat([mixed, audio[..., length:]], dim=-1)


def companion(folder, pattern):
    found = sorted(glob.glob(os.path.join(folder, pattern)))
    return found[0] if found else sys.exit("request: no %s in %s" % (pattern, folder))


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("caption")
    for name, default in (("lyrics", "[Instrumental]"), ("language", "unknown"), ("bpm", "N/A"), ("keyscale", "N/A"), ("timesignature", "N/A")):
        parser.add_argument("--" + name, default=default)
    for name, kind, default in (("seconds", float, 20.0), ("seed", int, 1), ("steps", int, 27), ("shift", float, 1.0), ("scale", float, 7.0)):
        parser.add_argument("--" + name, type=kind, default=default)
    opt = parser.parse_args()
    parts = Parts(companion(opt.folder, "acestep-v15-*"), companion(opt.folder, "Qwen3-Embedding-*"), companion(opt.folder, "vae"))
    request = Request(parts, dict(vars(opt), task="text2music"))
    noise = sampler.cuda_noise(opt.seed, request.clean.numel()).view_as(request.clean)
    audio = request.decode(request.sample(noise, opt.steps, opt.shift, opt.scale))[0]
    with wave.open(opt.out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((audio.clamp(-1, 1).T * 32767).short().numpy().tobytes())


if __name__ == "__main__":
    main()

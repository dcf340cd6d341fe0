"""Stage 2: train text encoder, condition encoders, FSQ tokenizer and DiT together on encoded songs.

    python3 -m training.train_dit --vae DIR --out DIR --seconds 540 [--resume DIR]

Writes model-<i>.safetensors (averaged weights of both networks, bf16, prefixes `model.` and `text.`),
model-raw-<i>.safetensors (to go on from), curve.jsonl, report.json and pictures of generated held-out prompts.
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch

from reference import dit, layers, prompts, sampler, tokenizer
from reference.model import AceStep
from reference.qwen import Qwen
from reference.vae import Vae

from . import analysis
from .checkpoint import Average, Curve, load_sharded, save_sharded
from .start import load_weights
from .feed import HELD_OUT
from .graph_step import GraphStep
from .latents import (DURATIONS, LYRIC_TOKENS, SHARES, SILENCE_EDGE, TEXT_TOKENS, LatentSet, LinearCodec, Source, padded,
                      silence_latent)
from .music import styles
from .music_heads import MusicHeads, music_loss
from .music.captions import describe
from .music.compose import compose
from .time_code import first_seconds, time_code

REFERENCE_FRAMES = 750          # also the longest training song: 30 s
COVER_EVERY = 4                 # rows of a batch that follow codes


class Conditional(torch.nn.Module):
    """Everything that is trained in this stage."""

    def __init__(self, config, text_config):
        super().__init__()
        self.model, self.text = AceStep(config), Qwen(text_config)
        self.heads = MusicHeads(config["fsq_dim"], config["hidden_size"])
        self.state = None       # of the DiT's middle layer, from its last pass
        middle = self.model.decoder.layers[config["num_hidden_layers"] // 2 - 1]
        middle.register_forward_hook(self._keep_state)
        for module in self.modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Embedding)):
                torch.nn.init.normal_(module.weight, std=.03)
                if getattr(module, "bias", None) is not None:
                    torch.nn.init.zeros_(module.bias)
        with torch.no_grad():              # start as the identity: no velocity, closed gates
            self.model.decoder.proj_out[1].weight.mul_(.1)
            for layer in self.model.decoder.layers:
                layer.cross_attn.o_proj.weight.mul_(.3)

    def _keep_state(self, module, inputs, output):
        self.state = output

    def load(self, tensors):
        """Weights of an earlier run; helper heads that it did not have stay as they are."""
        result = self.load_state_dict({k: v.float() for k, v in tensors.items()}, strict=False)
        wrong = [k for k in result.missing_keys if not k.startswith("heads.")] + result.unexpected_keys
        if wrong:
            raise ValueError("checkpoint: %d tensors do not fit, first %s" % (len(wrong), wrong[0]))

    def tokens(self, text_ids, text_mask, lyric_ids, lyric_mask, silence, reference=None):
        """Condition tokens and their mask (not packed: the DiT does not see order).

        reference [R, frames, C]: timbre references of the first R rows; the others have that of silence, encoded once.
        """
        encoder = self.model.encoder
        text = encoder.text_projector(self.text(text_ids))
        lyric = encoder.lyric_encoder(self.text.embed_tokens(lyric_ids), lyric_mask)
        quiet = silence[:, :REFERENCE_FRAMES]
        timbre = encoder.timbre_encoder(quiet if reference is None else torch.cat([reference, quiet])).unsqueeze(1)
        timbre = torch.cat([timbre[:-1], timbre[-1:].expand(len(text_ids) - len(timbre) + 1, -1, -1)])
        return (torch.cat([lyric.float(), timbre.float(), text.float()], dim=1),
                torch.cat([lyric_mask, torch.ones_like(text_mask[:, :1]), text_mask], dim=1))


def flow_loss(net, silence, weights, latents, features, text_ids, text_mask, lyric_ids, lyric_mask, reference, filler,
              silenced, chunk, drop):
    """(loss, parts): flow matching with condition dropout, the FSQ round trip, and the music in codes and DiT.

    Every COVER_EVERY-th row is a cover: its source is the code round trip. filler [B, T, 64]: the silence that is the source
    of the frames in silenced [B, T]; chunk [B, T]: mask channel; drop [B]: null condition; weights: dict of the losses' weights.
    """
    model = net.model
    covered = latents[::COVER_EVERY]
    quantized, _ = model.tokenizer(covered)
    hints = model.detokenizer(quantized).float()
    codes = (hints - covered).pow(2).mean()
    tokens, mask = net.tokens(text_ids, text_mask, lyric_ids, lyric_mask, silence, reference)
    tokens = torch.where(drop[:, None, None], model.null_condition_emb.expand_as(tokens), tokens)
    source = torch.where(silenced[..., None], filler, latents)
    source = source.index_copy(0, torch.arange(0, len(source), COVER_EVERY, device=source.device), hints.detach())
    context = torch.cat([source, chunk[..., None].expand_as(source)], dim=-1)
    config = model.config
    t = torch.sigmoid(config["timestep_mu"] + config["timestep_sigma"] * torch.randn_like(latents[:, 0, 0]))
    noise = torch.randn_like(latents)
    level = t[:, None, None]
    v = model.decoder(level * noise + (1 - level) * latents, context, tokens, t, condition_mask=mask).float()
    flow = (v - (noise - latents)).pow(2).mean()
    heard = music_loss(net.heads.codes(quantized.float()), features[::COVER_EVERY])
    played = music_loss(net.heads.state(net.state.float()), features)
    loss = flow + weights["codes"] * codes + weights["heard"] * heard + weights["played"] * played
    return loss, dict(flow=flow, codes=codes, heard=heard, played=played)


class Batches:
    """Random training batches: tasks, masks, places on the clock and references are drawn here, on the CPU."""

    def __init__(self, data, silence, seed, device):
        self.data, self.rng, self.device = data, np.random.default_rng(seed), device
        self.timeless = silence - time_code(0.0, silence.shape[1]).to(device)

    def _filler(self, rows, kinds, frames):
        """Silence [rows, frames, 64] at the place of each song; the transient belongs to the start of a song only."""
        heard = [row["description"] for row in rows]
        bars = [60.0 / h["bpm"] * int(h["timesignature"]) for h in heard]
        first = first_seconds(bars, kinds == "repaint", self.rng)
        steady = self.timeless[:, SILENCE_EDGE:SILENCE_EDGE + 1].expand(1, frames, -1)
        starts = (first == 0).to(self.device, non_blocking=True)[:, None, None]
        return (torch.where(starts, self.timeless[:, :frames], steady)
                + time_code(first, frames).to(self.device, non_blocking=True))

    def _reference(self, latents):
        """750 frames for the first quarter of the rows: three 10 s pieces of the song (shorter songs repeat)."""
        frames, out = latents.shape[1], []
        for row in latents[:max(1, len(latents) // 4)]:
            starts = [0] * 3 if frames <= 250 else self.rng.integers(0, frames - 250, 3)
            out.append(torch.cat([row[s:s + 250] for s in starts]))
        return torch.stack(out)

    def __call__(self, duration, count):
        latents, rows, features = self.data.pick(duration, count, self.rng)
        frames, rng = latents.shape[1], self.rng
        kinds = rng.choice(["text2music", "repaint", "source"], count, p=[.68, .26, .06]).astype(object)
        kinds[::COVER_EVERY] = "cover"
        silenced, chunk = np.zeros((count, frames), bool), np.ones((count, frames), np.float32)
        for i, kind in enumerate(kinds):
            if kind == "text2music":
                silenced[i] = True
            elif kind == "repaint":
                length = int(frames * rng.uniform(.15, .8))
                begin = int(rng.choice([0, frames - length, rng.integers(0, frames - length)]))
                silenced[i, begin:begin + length] = True
                if rng.random() < .8:
                    chunk[i] = silenced[i]
        text = padded([row[{"source": "cover"}.get(kind, kind)] for kind, row in zip(kinds, rows)], TEXT_TOKENS)
        lyric = padded([row["lyric"] for row in rows], LYRIC_TOKENS)
        arrays = [torch.from_numpy(silenced), torch.from_numpy(chunk), torch.from_numpy(rng.random(count) < .12)]
        move = [tensor.to(self.device, non_blocking=True) for tensor in (*text, *lyric)]
        return [latents, features, *move, self._reference(latents), self._filler(rows, kinds, frames)] + [
            a.to(self.device, non_blocking=True) for a in arrays]


@torch.no_grad()
def generate(net, words, silence, description, seconds, seed, steps=27, scale=7.0, codes=None, device="cpu"):
    """Latents [1, T, 64] for one description, as `ams generate` makes them."""
    frames = seconds * 25
    text = torch.tensor([words.encode(prompts.text_prompt(description, "cover" if codes is not None else "text2music"), 256)], device=device)
    lyric = torch.tensor([words.encode(prompts.lyric_prompt(description), 2048)], device=device)
    tokens, _ = net.tokens(text, torch.ones_like(text, dtype=torch.bool), lyric, torch.ones_like(lyric, dtype=torch.bool),
                           silence)
    source = silence[:, :frames] if codes is None else net.model.hints_of_codes(codes)
    context = torch.cat([source, torch.ones_like(source)], dim=-1)
    noise = torch.randn(1, frames, 64, generator=torch.Generator().manual_seed(seed)).to(device)
    return sampler.generate(net.model, sampler.Conditions(tokens, context), noise, steps, 1.0, scale)


@torch.no_grad()
def report(net, vae, words, silence, data, folder, count, device, pictures=4):
    """Generate held-out prompts and measure tempo, key and drums; also code use and flow loss per noise level."""
    rows, images, clips = [], [], []
    for i in range(count):
        song = compose(HELD_OUT + i, 20.0)
        description = describe(song)
        latents = generate(net, words, silence, description, 20, i, device=device)
        audio = vae.decode(latents.transpose(1, 2))[0].float().cpu().numpy()
        mono = audio.mean(0)
        tempo, key = analysis.estimate_tempo(mono), analysis.estimate_key(mono)
        rows.append(dict(caption=description["caption"], bpm=song.bpm, tempo=float(tempo), keyscale=song.keyscale,
                         key="%s %s" % (styles.KEYS[key[0]], key[1]), drums=song.has_drums,
                         tempo_ok=analysis.tempo_matches(tempo, song.bpm),
                         key_ok=bool(analysis.same_or_relative(key, (song.key, song.mode))), **analysis.level_report(audio)))
        if len(images) < pictures:
            images.append(analysis.spectrogram(mono))
        if len(clips) < 2:
            clips.append(audio)
    with_drums = [row for row in rows if row["drums"]]
    longest = max(data.durations())
    codes = net.model.codes(data.pick(longest, 16, np.random.default_rng(1))[0], silence).flatten()
    use = torch.bincount(codes).float()
    use = use[use > 0] / use.sum()
    summary = dict(tempo=float(np.mean([row["tempo_ok"] for row in with_drums])) if with_drums else None,
                   key=float(np.mean([row["key_ok"] for row in rows])), code_bits=float(-(use * use.log2()).sum()))
    if images:
        analysis.save_png(np.concatenate(images), os.path.join(folder, "generated.png"))
        analysis.save_wav(np.concatenate(clips, axis=1), os.path.join(folder, "generated.wav"))
    with open(os.path.join(folder, "report.json"), "w") as file:
        json.dump(dict(summary=summary, rows=rows), file, indent=1)
    print("held-out:", json.dumps(summary), flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae", required=True, help="folder of the autoencoder's checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume")
    parser.add_argument("--tokenizer", default="training/checkpoints/tokenizer")
    parser.add_argument("--config", default="training/configs/dit.json")
    parser.add_argument("--text-config", default="training/configs/text.json")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--steps", type=int, default=10 ** 9)
    parser.add_argument("--batch", type=int, default=64, help="songs of 20 s; other lengths in proportion")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--warmup", type=float, default=.03)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=20000000)
    parser.add_argument("--start-songs", type=int, default=64, help="songs per length before the first step")
    parser.add_argument("--grow-every", type=int, default=20)
    parser.add_argument("--grow", type=int, default=16)
    parser.add_argument("--held-out", type=int, default=12)
    parser.add_argument("--codes-weight", type=float, default=1.0, help="of the round trip through the codes")
    parser.add_argument("--heard-weight", type=float, default=1.0, help="of the music that the codes tell")
    parser.add_argument("--played-weight", type=float, default=.3, help="of the music that the DiT's middle layer tells")
    parser.add_argument("--fuse", type=int, default=0, help="compile norms, rotary positions and gates (a minute at the start)")
    parser.add_argument("--freeze-codes", action="store_true", help="keep tokenizer and detokenizer, and so all codes")
    parser.add_argument("--graph", type=int, default=1)
    return parser.parse_args()


def load_vae_folder(folder, device):
    """The averaged autoencoder of a training folder; "linear" gives a fixed projection for trying things out."""
    if folder == "linear":
        return LinearCodec().to(device)
    with open(os.path.join(folder, "config.json") if os.path.exists(os.path.join(folder, "config.json"))
              else "training/configs/vae.json") as file:
        vae = Vae(json.load(file))
    vae.load_state_dict({k: v.float() for k, v in load_weights(folder, "vae").items()})
    return vae.to(device).eval().requires_grad_(False)


def rate_at(share, step, opt):
    """Warm-up, then cosine decay over the run."""
    return opt.rate * min(1.0, (share + 1e-3) / opt.warmup, (step + 1) / 100) * (.02 + .98 * .5 * (1 + math.cos(math.pi * share)))


def fuse():
    """Compile the small functions between the products: one kernel each instead of up to eight."""
    from torch import _dynamo
    _dynamo.config.recompile_limit = 64
    for module, name in ((layers, "rms_norm"), (layers, "rotate"), (layers, "swiglu"), (dit, "modulate")):
        setattr(module, name, torch.compile(getattr(module, name), dynamic=True))


def build(opt, words):
    with open(opt.config) as file, open(opt.text_config) as text_file:
        text_config = json.load(text_file)
        text_config["vocab_size"] = len(words.vocabulary) + len(words.added)
        return Conditional(json.load(file), text_config)


def main():
    started, opt = time.time(), options()
    os.makedirs(opt.out, exist_ok=True)
    source = Source(opt.tokenizer, opt.workers, opt.first_seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(opt.first_seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = device == "cuda"
    words = tokenizer.load(opt.tokenizer)
    vae = load_vae_folder(opt.vae, device)
    silence = silence_latent(vae, REFERENCE_FRAMES, device)
    encoder = load_vae_folder(opt.vae, device).to(torch.bfloat16) if device == "cuda" else vae
    if opt.fuse and device == "cuda":
        fuse()
    net = build(opt, words).to(device)
    averaged_start = None
    if opt.resume:
        net.load(load_sharded(opt.resume, "model-raw") or load_weights(opt.resume, "model"))
        averaged_start = load_weights(opt.resume, "model")
    if opt.freeze_codes:
        net.model.tokenizer.requires_grad_(False)
        net.model.detokenizer.requires_grad_(False)
    print("parameters: " + ", ".join("%s %d" % (name, sum(p.numel() for p in part.parameters())) for name, part in (
        ("text encoder", net.text), ("DiT", net.model.decoder), ("condition encoders", net.model.encoder),
        ("code tokenizer", net.model.tokenizer), ("detokenizer", net.model.detokenizer))), flush=True)
    data = LatentSet(source, encoder, device, torch.bfloat16 if device == "cuda" else torch.float32)
    for duration in DURATIONS:
        for _ in range(max(1, opt.start_songs // opt.grow)):
            data.grow(duration, min(opt.grow, opt.start_songs))
    print("start-up took %.0f s, %.0f s of music" % (time.time() - started, data.seconds), flush=True)
    batches = Batches(data, silence, opt.first_seed, device)
    average = Average(net, .9995)
    if averaged_start:
        average.values = [averaged_start[n].float().to(device) if n in averaged_start else value
                          for n, value in zip(average.names, average.values)]
        average.steps = 10 ** 5

    weights = dict(codes=opt.codes_weight, heard=opt.heard_weight, played=opt.played_weight)

    def objective(*inputs):
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda", cache_enabled=False):
            return flow_loss(net, silence, weights, *inputs)
    stepper = GraphStep(objective, net.parameters(), opt.rate, (.9, .95), .01, 1.0, device, bool(opt.graph))
    curve = Curve(os.path.join(opt.out, "curve.jsonl"))
    rng = np.random.default_rng(opt.first_seed)
    began = last = time.time()
    budget = max(1.0, started + opt.seconds - began)
    step, sums, count = 0, {}, 0
    while step < opt.steps and time.time() - began < budget:
        share = min(1.0, max((time.time() - began) / budget, step / opt.steps))
        stepper.set_rate(rate_at(share, step, opt))
        if step % opt.grow_every == opt.grow_every - 1:
            ready = source.ready(opt.grow)
            if ready:
                data.grow(ready, opt.grow)
        duration = int(rng.choice(DURATIONS, p=SHARES))
        for name, value in stepper(*batches(duration, max(1, opt.batch * 20 // duration))).items():
            sums[name] = sums.get(name, 0) + value
        average.update()
        step, count = step + 1, count + 1
        if step % 200 == 0 or step in (1, 20, 50):
            now = time.time()
            curve.write(step=step, seconds=now - began, step_seconds=(now - last) / count, music_seconds=data.seconds,
                        **{k: float(v) / count for k, v in sums.items()})
            sums, count, last = {}, 0, time.time()
        if step % 3000 == 0:
            save_sharded(average.state_dict(), opt.out, "model", torch.bfloat16)
    source.close()
    save_sharded(average.state_dict(), opt.out, "model", torch.bfloat16)
    save_sharded(net.state_dict(), opt.out, "model-raw", torch.bfloat16)
    curve.write(step=step, seconds=time.time() - began, finished=True, music_seconds=data.seconds,
                device=torch.cuda.get_device_name() if device == "cuda" else "cpu", options=vars(opt))
    net.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in average.state_dict().items()})
    report(net.eval(), vae, words, silence, data, opt.out, opt.held_out, device)
    print("whole run: %.0f s" % (time.time() - started), flush=True)


if __name__ == "__main__":
    main()

"""Stage 3: train the planner (metadata, then 5 Hz codes) on the codes of the finished code tokenizer.

    python3 -m training.train_planner --vae DIR --model DIR --out DIR --seconds 300 [--resume DIR]

Writes planner-<i>.safetensors (averaged, bf16), planner-raw-<i>.safetensors, curve.jsonl and report.json.
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from reference.qwen import Qwen

from reference import prompts, tokenizer

from .checkpoint import Average, Curve, load_sharded, save_sharded
from .feed import HELD_OUT
from .graph_step import GraphStep
from .latents import DURATIONS, SHARES, VARIANTS, LatentSet, Source, silence_latent
from .music.captions import describe
from .music.compose import compose
from .train_dit import build, load_vae_folder, rate_at

LENGTH = 448                    # tokens of a training row; longer rows are cut
NULL_SHARE = .12                # rows with the prompt of the unconditional branch
IGNORE = -100


class CodeSet(LatentSet):
    """A LatentSet that also keeps the codes of every song."""

    def __init__(self, net, silence, *arguments, **options):
        super().__init__(*arguments, **options)
        self.net, self.silence = net, silence
        self.codes = {d: [] for d in DURATIONS}

    @torch.no_grad()
    def grow(self, duration, count):
        super().grow(duration, count)
        known = len(self.codes[duration])
        fresh = self.latents[duration][known:]
        if fresh:
            codes = self.net.model.codes(torch.stack(fresh).float(), self.silence)
            self.codes[duration] += list(codes.cpu())


class Rows:
    """Random training rows: prompt, thought and codes; the loss covers what the planner writes."""

    def __init__(self, data, planner_words, seed):
        self.data, self.words, self.rng = data, planner_words, np.random.default_rng(seed)
        self.first = planner_words.added["<|audio_code_0|>"]
        self.end = planner_words.added["<|im_end|>"]
        self.null = planner_words.encode(prompts.PLANNER_NULL)

    def row(self, wording, codes):
        """(input ids, targets) of one song."""
        tail = [self.first + int(c) for c in codes] + [self.end]
        if self.rng.random() < NULL_SHARE:
            silent, written = self.null, tail
        else:
            silent, written = wording["head"], wording["thought"] + tail
        ids = (silent + written)[:LENGTH + 1]
        targets = ([IGNORE] * (len(silent) - 1) + written)[:LENGTH]
        ids = ids[:-1] if len(ids) > len(targets) else ids
        return ids, targets

    def __call__(self, count):
        ids, targets = torch.zeros(count, LENGTH, dtype=torch.long), torch.full((count, LENGTH), IGNORE)
        durations = [d for d in DURATIONS if self.data.codes[d]]
        for i in range(count):
            duration = durations[int(self.rng.integers(len(durations)))]
            song = int(self.rng.integers(len(self.data.codes[duration])))
            wording = self.data.rows[duration][song][int(self.rng.integers(VARIANTS))]
            row, wanted = self.row(wording, self.data.codes[duration][song])
            ids[i, :len(row)], targets[i, :len(wanted)] = torch.tensor(row), torch.tensor(wanted)
        return ids, targets


def token_loss(planner, first_code, ids, targets):
    """(loss, parts): next-token cross-entropy, also reported apart for words and codes (nats per token)."""
    logits = planner.logits(planner(ids)).float()
    losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORE, reduction="none")
    code = (targets >= first_code).flatten()
    word = ((targets >= 0) & (targets < first_code)).flatten()
    total = losses.sum() / (targets >= 0).sum()
    return total, dict(words=(losses * word).sum() / word.sum().clamp(min=1), codes=(losses * code).sum() / code.sum().clamp(min=1))


@torch.no_grad()
def plan(planner, words, description, count, seed, scale=2.0, temperature=.85, top_p=.9, device="cpu"):
    """Codes [1, count] for a description whose metadata are given, with guidance, nano-vllm's order of sampling."""
    first = words.added["<|audio_code_0|>"]
    head = words.encode(prompts.planner_prompt(description) + prompts.planner_thought(description))
    null = words.encode(prompts.PLANNER_NULL)
    generator = torch.Generator().manual_seed(seed)
    caches = [planner.new_caches(), planner.new_caches()]
    rows = [planner.logits(planner(torch.tensor([ids], device=device), caches=cache))[:, -1].float().cpu()
            for ids, cache in zip((head, null), caches)]
    codes = []
    for _ in range(count):
        guided = (rows[1] + scale * (rows[0] - rows[1]))[0, first:] / temperature
        chance, order = torch.softmax(guided, -1).sort(descending=True)
        chance = torch.where(chance.cumsum(-1) - chance > top_p, torch.zeros_like(chance), chance)
        code = int(order[torch.multinomial(chance, 1, generator=generator)])
        codes.append(code)
        step = torch.tensor([[first + code]], device=device)
        rows = [planner.logits(planner(step, caches=cache))[:, -1].float().cpu() for cache in caches]
    return torch.tensor([codes], device=device)


@torch.no_grad()
def report(planner, words, data, folder, device, count):
    """Cross-entropy on songs that were not trained on, next to the entropy of the code histogram."""
    rows = Rows(data, words, 1)
    losses = [token_loss(planner, rows.first, *(t.to(device) for t in rows(8)))[1] for _ in range(count)]
    codes = torch.cat([c for d in DURATIONS for c in data.codes[d]])
    use = torch.bincount(codes).float()
    use = use[use > 0] / use.sum()
    sample = plan(planner, words, describe(compose(HELD_OUT, 10.0)), 50, 0, device=device)[0].tolist()
    summary = dict(words=float(sum(part["words"] for part in losses)) / count, codes=float(sum(part["codes"] for part in losses)) / count,
                   code_histogram_entropy=float(-(use * use.log()).sum()), distinct_in_sample=len(set(sample)))
    with open(os.path.join(folder, "report.json"), "w") as file:
        json.dump(dict(summary=summary, sample=sample), file, indent=1)
    print("held-out:", json.dumps(summary), flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae", required=True)
    parser.add_argument("--model", required=True, help="folder of stage 2's checkpoint")
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume")
    parser.add_argument("--tokenizer", default="training/checkpoints/tokenizer")
    parser.add_argument("--config", default="training/configs/dit.json")
    parser.add_argument("--text-config", default="training/configs/text.json")
    parser.add_argument("--planner-config", default="training/configs/planner.json")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=10 ** 9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=float, default=.03)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=40000000)
    parser.add_argument("--start-songs", type=int, default=256)
    parser.add_argument("--grow-every", type=int, default=20)
    parser.add_argument("--grow", type=int, default=16)
    parser.add_argument("--held-out", type=int, default=8, help="batches of the report")
    parser.add_argument("--graph", type=int, default=1)
    return parser.parse_args()


def main():
    started, opt = time.time(), options()
    os.makedirs(opt.out, exist_ok=True)
    source = Source(opt.tokenizer, opt.workers, opt.first_seed)
    held_out = Source(opt.tokenizer, 1, HELD_OUT)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    torch.manual_seed(opt.first_seed)
    words = tokenizer.load(opt.tokenizer)
    net = build(opt, words)
    net.load_state_dict({k: v.float() for k, v in load_sharded(opt.model, "model").items()})
    net = net.to(device).eval().requires_grad_(False)
    planner_words = words.with_audio_codes(math.prod(net.model.config["fsq_input_levels"]))
    with open(opt.planner_config) as file:
        planner = Qwen(dict(json.load(file), vocab_size=len(planner_words.vocabulary) + len(planner_words.added)))
    for module in planner.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Embedding)):
            torch.nn.init.normal_(module.weight, std=.03)
    if opt.resume:
        planner.load_state_dict({k: v.float() for k, v in load_sharded(opt.resume, "planner-raw").items()})
    planner = planner.to(device)
    silence = silence_latent(load_vae_folder(opt.vae, device), 750, device)
    vae = load_vae_folder(opt.vae, device).to(dtype)
    data = CodeSet(net, silence, source, vae, device, dtype, keep=20000)
    unseen = CodeSet(net, silence, held_out, vae, device, dtype)
    for duration in DURATIONS:
        for _ in range(max(1, opt.start_songs // opt.grow)):
            data.grow(duration, opt.grow)
        unseen.grow(duration, opt.grow)
    held_out.close()
    print("planner parameters %d; start-up took %.0f s" % (sum(p.numel() for p in planner.parameters()), time.time() - started), flush=True)
    rows, average = Rows(data, planner_words, opt.first_seed), Average(planner, .9995)

    def objective(ids, targets):
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda", cache_enabled=False):
            return token_loss(planner, rows.first, ids, targets)
    stepper = GraphStep(objective, planner.parameters(), opt.rate, (.9, .95), .02, 1.0, device, bool(opt.graph))
    curve = Curve(os.path.join(opt.out, "curve.jsonl"))
    began = last = time.time()
    budget = max(1.0, started + opt.seconds - began)
    step, sums, count = 0, {}, 0
    while step < opt.steps and time.time() - began < budget:
        stepper.set_rate(rate_at(min(1.0, max((time.time() - began) / budget, step / opt.steps)), step, opt))
        if step % opt.grow_every == opt.grow_every - 1:
            ready = source.ready(opt.grow)
            if ready and len(data.rows[ready]) + opt.grow <= data.keep:
                data.grow(ready, opt.grow)
        for name, value in stepper(*(t.to(device, non_blocking=True) for t in rows(opt.batch))).items():
            sums[name] = sums.get(name, 0) + value
        average.update()
        step, count = step + 1, count + 1
        if step % 200 == 0 or step in (1, 20):
            now = time.time()
            curve.write(step=step, seconds=now - began, step_seconds=(now - last) / count, music_seconds=data.seconds,
                        **{k: float(v) / count for k, v in sums.items()})
            sums, count, last = {}, 0, time.time()
    source.close()
    save_sharded(average.state_dict(), opt.out, "planner", torch.bfloat16)
    save_sharded(planner.state_dict(), opt.out, "planner-raw", torch.bfloat16)
    curve.write(step=step, seconds=time.time() - began, finished=True, options=vars(opt))
    planner.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in average.state_dict().items()})
    report(planner.eval(), planner_words, unseen, opt.out, device, opt.held_out)
    print("whole run: %.0f s" % (time.time() - started), flush=True)


if __name__ == "__main__":
    main()

"""Stage 3: train the planner (metadata, then 5 Hz codes) on the codes of the finished code tokenizer.

    python3 -m training.train_planner --codes FILE... --unseen FILE --out DIR --seconds 300 [--resume DIR]

Writes planner-<i>.safetensors (averaged weights of the best measurement on unseen songs, bf16), curve.jsonl and
report.json.
"""
import argparse
import json
import math
import os
import time

import torch
import torch.nn.functional as F

from reference.qwen import Qwen

from reference import prompts, tokenizer

from .checkpoint import Average, Curve, load_sharded, save_sharded
from .feed import HELD_OUT
from .graph_step import GraphStep
from .music.captions import describe
from .music.compose import compose
from .planner_rows import IGNORE, CodeSongs, Rows
from .start import load_weights
from .train_dit import rate_at


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
def held_out_loss(planner, rows, batches, device):
    """Mean (words, codes) cross-entropy in nats per token."""
    parts = [token_loss(planner, rows.first, *(t.to(device) for t in rows(16)))[1] for _ in range(batches)]
    return tuple(float(sum(part[name] for part in parts)) / batches for name in ("words", "codes"))


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", nargs="+", required=True, help="files of training.make_codes")
    parser.add_argument("--unseen", required=True, help="codes of songs that are not trained on (make_codes --held-out)")
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume")
    parser.add_argument("--tokenizer", default="training/checkpoints/tokenizer")
    parser.add_argument("--config", default="training/configs/dit.json")
    parser.add_argument("--planner-config", default="training/configs/planner.json")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=10 ** 9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=.1)
    parser.add_argument("--noise", type=float, default=.1, help="share of the read codes that is replaced")
    parser.add_argument("--warmup", type=float, default=.03)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check-every", type=int, default=150, help="steps between measurements of unseen songs")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--graph", type=int, default=1)
    return parser.parse_args()


def main():
    started, opt = time.time(), options()
    os.makedirs(opt.out, exist_ok=True)
    songs = CodeSongs(opt.codes, opt.tokenizer, opt.workers)
    unseen = CodeSongs([opt.unseen], opt.tokenizer, opt.workers)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if opt.threads:
        torch.set_num_threads(opt.threads)
    torch.manual_seed(opt.seed)
    with open(opt.config) as file:
        levels = json.load(file)["fsq_input_levels"]
    planner_words = tokenizer.load(opt.tokenizer).with_audio_codes(math.prod(levels))
    with open(opt.planner_config) as file:
        planner = Qwen(dict(json.load(file), vocab_size=len(planner_words.vocabulary) + len(planner_words.added)))
    for module in planner.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Embedding)):
            torch.nn.init.normal_(module.weight, std=.03)
    if opt.resume:
        planner.load_state_dict({k: v.float() for k, v in load_weights(opt.resume, "planner").items()})
    planner = planner.to(device)
    print("planner parameters %d, %d songs, %.2f nats per code in the histogram; start-up took %.0f s" % (
        sum(p.numel() for p in planner.parameters()), len(songs.codes), unseen.histogram_entropy(), time.time() - started), flush=True)
    rows, average = Rows(songs, planner_words, opt.seed, opt.noise), Average(planner, .998)

    def objective(ids, targets):
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda", cache_enabled=False):
            return token_loss(planner, rows.first, ids, targets)
    stepper = GraphStep(objective, planner.parameters(), opt.rate, (.9, .95), opt.decay, 1.0, device, bool(opt.graph))
    curve = Curve(os.path.join(opt.out, "curve.jsonl"))
    judge = Qwen(planner.config).to(device).eval()
    began = last = time.time()
    budget = max(1.0, started + opt.seconds - began)
    step, sums, count, best = 0, {}, 0, float("inf")

    def check():
        """Measure the averaged weights on unseen songs; write them if they are the best so far."""
        nonlocal best
        judge.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in average.state_dict().items()})
        words, codes = held_out_loss(judge, Rows(unseen, planner_words, 1), 8, device)
        if codes < best:
            best = codes
            save_sharded(average.state_dict(), opt.out, "planner", torch.bfloat16)
        return dict(unseen_words=words, unseen_codes=codes)

    while step < opt.steps and time.time() - began < budget:
        stepper.set_rate(rate_at(min(1.0, max((time.time() - began) / budget, step / opt.steps)), step, opt))
        for name, value in stepper(*(t.to(device, non_blocking=True) for t in rows(opt.batch))).items():
            sums[name] = sums.get(name, 0) + value
        average.update()
        step, count = step + 1, count + 1
        if step % opt.check_every == 0:
            now = time.time()
            curve.write(step=step, seconds=now - began, step_seconds=(now - last) / count,
                        **{k: float(v) / count for k, v in sums.items()}, **check())
            sums, count, last = {}, 0, time.time()
    curve.write(step=step, seconds=time.time() - began, finished=True, options=vars(opt), **check())
    planner.load_state_dict({k: v.float() for k, v in load_sharded(opt.out, "planner").items()})
    sample = plan(planner.eval(), planner_words, describe(compose(HELD_OUT, 10.0)), 50, 0, device=device)[0].tolist()
    summary = dict(songs=len(songs.codes), unseen_codes=best, code_histogram_entropy=unseen.histogram_entropy(),
                   distinct_in_sample=len(set(sample)))
    with open(os.path.join(opt.out, "report.json"), "w") as file:
        json.dump(dict(summary=summary, sample=sample), file, indent=1)
    print("held-out:", json.dumps(summary), flush=True)
    print("whole run: %.0f s" % (time.time() - started), flush=True)


if __name__ == "__main__":
    main()

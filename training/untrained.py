"""Checkpoints of random numbers in the configured sizes, to try what comes after training: python3 -m training.untrained --out DIR."""
import argparse
import json
import os

import torch

from reference import tokenizer
from reference.qwen import Qwen
from reference.vae import Vae

from .checkpoint import save_sharded
from .export import planner_tokenizer
from .train_dit import Conditional


def read_config(folder, name):
    with open(os.path.join(folder, name + ".json")) as file:
        return json.load(file)


def write_untrained(out, configs="training/configs", words="training/checkpoints/tokenizer", seed=1):
    """Write vae-, model- and planner-<i>.safetensors as the three training stages do."""
    torch.manual_seed(seed)
    words = tokenizer.load(words)
    dit, text, planner = (read_config(configs, name) for name in ("dit", "text", "planner"))
    text["vocab_size"] = len(words.vocabulary) + len(words.added)
    more = planner_tokenizer(words, dit)
    planner["vocab_size"] = len(more.vocabulary) + len(more.added)
    for stem, module in (("vae", Vae(read_config(configs, "vae"))), ("model", Conditional(dit, text)), ("planner", Qwen(planner))):
        save_sharded(module.state_dict(), out, stem, torch.bfloat16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    opt = parser.parse_args()
    write_untrained(opt.out, seed=opt.seed)


if __name__ == "__main__":
    main()

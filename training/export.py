"""Write the built-in model in the official folder layout: python3 -m training.export --out models/demo ...

    <out>/acestep-v15-demo/      config.json, model.safetensors, silence_latent.pt
    <out>/vae-demo/              config.json, diffusion_pytorch_model.safetensors
    <out>/Qwen3-Embedding-demo/  text encoder with its tokenizer
    <out>/acestep-5Hz-lm-demo/   planner with its tokenizer

All parts must exist; nothing untrained is ever filled in.
"""
import argparse
import json
import math
import os
import sys

import torch

from reference import tokenizer
from reference.model import AceStep
from reference.qwen import Qwen
from reference.safetensors_io import save_file
from reference.vae import Vae


from .start import load_weights
from .latents import silence_latent

SILENCE_FRAMES = 1500          # 60 s; readers repeat the table for longer songs
LIMIT = 30 * 10 ** 6


def write(folder, config, tensors, stem="model"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    save_file({k: v.to(torch.bfloat16) for k, v in tensors.items()}, os.path.join(folder, stem + ".safetensors"))


def part(tensors, prefix):
    return {name[len(prefix):]: value for name, value in tensors.items() if name.startswith(prefix)}


def checked(module, tensors):
    """Fail on a missing, extra or mis-shaped tensor."""
    module.load_state_dict({k: v.float() for k, v in tensors.items()})
    return tensors


def planner_tokenizer(words, dit_config):
    """The tokenizer with one token per code of the song model."""
    return words.with_audio_codes(math.prod(dit_config["fsq_input_levels"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vae", default="training/checkpoints/vae")
    parser.add_argument("--model", default="training/checkpoints/model")
    parser.add_argument("--planner", default="training/checkpoints/planner")
    parser.add_argument("--tokenizer", default="training/checkpoints/tokenizer")
    parser.add_argument("--configs", default="training/configs")
    parser.add_argument("--out", default="models/demo")
    opt = parser.parse_args()
    config = {}
    for name in ("vae", "dit", "text", "planner"):
        with open(os.path.join(opt.configs, name + ".json")) as file:
            config[name] = json.load(file)
    found = {stem: load_weights(getattr(opt, stem), stem) for stem in ("vae", "model", "planner")}
    absent = [stem for stem, tensors in found.items() if tensors is None]
    if absent:
        sys.exit("export: no checkpoint of " + ", ".join(absent) + "; train that stage first")
    words = tokenizer.load(opt.tokenizer)
    planner_words = planner_tokenizer(words, config["dit"])
    for name, used in (("text", words), ("planner", planner_words)):
        config[name].update(vocab_size=len(used.vocabulary) + len(used.added), bos_token_id=used.added["<|endoftext|>"],
                            eos_token_id=used.added["<|endoftext|>" if name == "text" else "<|im_end|>"])
    vae = Vae(config["vae"])
    write(os.path.join(opt.out, "vae-demo"), config["vae"], checked(vae, found["vae"]), "diffusion_pytorch_model")
    song = os.path.join(opt.out, "acestep-v15-demo")
    write(song, config["dit"], checked(AceStep(config["dit"]), part(found["model"], "model.")))
    with torch.no_grad():
        silence = silence_latent(vae.eval(), SILENCE_FRAMES, "cpu").transpose(1, 2).contiguous()
    torch.save(silence, os.path.join(song, "silence_latent.pt"))
    text = os.path.join(opt.out, "Qwen3-Embedding-demo")
    write(text, config["text"], checked(Qwen(config["text"]), part(found["model"], "text.")))
    words.save(text)
    planner = os.path.join(opt.out, "acestep-5Hz-lm-demo")
    write(planner, config["planner"], checked(Qwen(config["planner"]), found["planner"]))
    planner_words.save(planner)
    size = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(opt.out) for name in names)
    print("%s: %.1f MB%s" % (opt.out, size / 1e6, "" if size <= LIMIT else
                             "; above %.0f MB: quantise to q8_0 GGUF before it is committed" % (LIMIT / 1e6)))


if __name__ == "__main__":
    main()

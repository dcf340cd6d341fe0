"""Whole sampling loops at an official size, as golden cases: python3 -m reference.full_size CHECKPOINT OUT_DIR [options].

CHECKPOINT is the folder of a song model, for example one that `ams make-checkpoint --config xl-sft` or `bench_formats --make` wrote
(random weights that bf16 holds exactly). Runs this reference in fp32 on the device, writes OUT_DIR for golden_check, and prints
how close the same code comes in bf16. Then the program is compared with both:

    golden_check OUT_DIR --device cuda --precision bf16 --json

In bf16 the cases exceed golden_check's tolerance for fp32 loops; the cosines in its output are what counts.
"""
import argparse
import json
import os

import torch

from . import check_golden
from .model import load_ace_step
from .safetensors_io import save_file

TEXT_TOKENS, LYRIC_TOKENS = 70, 200
NAME = "acestep-v15-xl-sft"         # by which golden_check knows the song model


def skip_initialisation():
    """Billions of random numbers that the checkpoint replaces at once take minutes."""
    for layer in (torch.nn.Linear, torch.nn.Conv1d, torch.nn.ConvTranspose1d, torch.nn.Embedding):
        layer.reset_parameters = lambda self: None


def draw_inputs(config, silence, frames, seed):
    """Inputs of a text-to-music request at the length of a usual prompt and lyrics."""
    random, text = torch.Generator().manual_seed(seed), config["text_hidden_dim"]
    latent = config["audio_acoustic_hidden_dim"]

    def normal(*shape):
        return torch.randn(shape, generator=random)
    table = silence.repeat(1, -(-frames // silence.shape[1]), 1)[:, :frames]
    return {
        "text_hidden_states": normal(1, TEXT_TOKENS, text), "text_attention_mask": torch.ones(1, TEXT_TOKENS, dtype=torch.bool),
        "lyric_hidden_states": .4 * normal(1, LYRIC_TOKENS, text),
        "lyric_attention_mask": torch.ones(1, LYRIC_TOKENS, dtype=torch.bool),
        "refer_audio_acoustic_hidden_states_packed": normal(1, config["timbre_fix_frame"], latent),
        "refer_audio_order_mask": torch.zeros(1, dtype=torch.long), "src_latents": table,
        "chunk_masks": torch.ones(1, frames, latent), "is_covers": torch.zeros(1, dtype=torch.long),
        "noise": normal(1, frames, latent)}


def moved(tensors, device, dtype):
    return {key: value.to(device, dtype if value.is_floating_point() else None) for key, value in tensors.items()}


def agreement(a, b):
    """(cosine, relative L2) of b against a."""
    a, b = a.double().flatten(), b.double().flatten()
    return float(a @ b / (a.norm() * b.norm())), float((a - b).norm() / a.norm())


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--frames", type=int, default=750, help="latent frames, 25 a second")
    parser.add_argument("--steps", type=int, default=27)
    parser.add_argument("--scales", default="1,7", help="guidance scales, one case each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bf16", type=int, default=1, help="0: without the run in bf16 (PyTorch 1.13 cannot on a CPU)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    opt = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    skip_initialisation()
    model, silence = load_ace_step(opt.checkpoint)
    inputs = draw_inputs(model.config, silence, opt.frames, opt.seed)
    golden = check_golden.Golden.__new__(check_golden.Golden)
    os.makedirs(os.path.join(opt.out, "checkpoints"), exist_ok=True)
    os.makedirs(os.path.join(opt.out, "loop"), exist_ok=True)
    link = os.path.join(opt.out, "checkpoints", NAME)
    if not os.path.lexists(link):
        os.symlink(os.path.abspath(opt.checkpoint), link)
    results = {}
    for dtype in (torch.float32, torch.bfloat16)[:2 if opt.bf16 else 1]:
        golden.ace = lambda kept=(model.to(opt.device, dtype), silence.to(opt.device, dtype)): kept
        for scale in map(float, opt.scales.split(",")):
            params = {"infer_steps": opt.steps, "shift": 1.0, "diffusion_guidance_scale": scale, "dcw_enabled": False}
            latents = check_golden.run_loop(golden, "full_size", moved(inputs, opt.device, dtype), params)["latents"]
            results.setdefault(scale, (params, []))[1].append(latents.float().cpu())
    cases = []
    for scale, (params, (latents, *rounded)) in results.items():
        name = "loop/full_size_guidance_%g" % scale
        for other in rounded:
            print("guidance %g: PyTorch in bf16 against fp32: cosine %.6f, relative L2 %.2e" % (
                scale, *agreement(latents, other)), flush=True)
        tensors = dict({"in." + key: value.contiguous() for key, value in inputs.items()}, **{"out.latents": latents.contiguous()})
        save_file(tensors, os.path.join(opt.out, name + ".safetensors"))
        facts = {key: {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "atol": 3e-5 * float(value.float().abs().max())}
                 for key, value in tensors.items()}
        cases.append({"name": name, "file": name + ".safetensors", "description": "random weights", "params": params,
                      "tensors": facts})
    with open(os.path.join(opt.out, "manifest.json"), "w") as file:
        json.dump({"format": 1, "set": "reference/full_size.py", "cases": cases}, file, indent=1)


if __name__ == "__main__":
    main()

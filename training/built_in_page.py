"""docs/built-in-model.md: what the built-in model is, and the measured table, written by training.evaluate --page."""
import json
import os
import shutil

from reference.gguf_io import find_gguf, load_gguf
from reference.safetensors_io import load_folder

PAGE, IMAGES = "docs/built-in-model.md", "docs/images"

TEXT = """# The built-in model

The program carries a small model of its own in `models/demo`: {size:.1f} MB, {parameters:.1f} million parameters, in the
official file format and loaded by the same code as the full one. It plays instrumental music only: it has no voice, and
lyrics beyond section tags do not matter to it. It is used when no other model is installed; `ams pull xl-sft` gets the full
one, `--model demo` picks the built-in one when others are there.

All of its training data are composed and synthesized by this project (`training/DATA.md`); nothing comes from recordings or
other models. How it was trained is in `training/RUNS.md`.

| part | parameters | weights |
| --- | --- | --- |
{parts}

## What it can do
Measured with `python3 -m training.evaluate --out DIR --page`: {prompts} prompts of 20 s that were not trained on, {seeds}
seeds each, made by `ams generate` on the CPU; comparisons of modes on {fewer} songs. "Renderings" is what the same
estimators say of the synthesizer's own renderings of these prompts: more cannot be expected. Goals that are missed stand here as
they are; `training/RUNS.md` says what was tried and what comes next.

{table}

The likeness of two songs is the mean correlation of their pitch classes, frame by frame: 1 for the same harmony at the same
time, about 0 for unrelated songs. A low-pass at 400 Hz keeps as many values a second as the autoencoder's latents.

## Three songs
Frequency upwards from 40 Hz to 20 kHz (logarithmic), 20 s to the right, 80 dB from black to white.

{pictures}
"""


def part_row(folder):
    """One row: name, parameters in millions, type of the weights."""
    quantised = find_gguf(folder)
    if quantised:
        tensors, metadata = load_gguf(quantised)
        kind = metadata["format"]
    else:
        stem = "diffusion_pytorch_model" if os.path.basename(folder).startswith("vae") else "model"
        tensors, kind = load_folder(folder, stem), "bf16"
    return os.path.basename(folder), sum(t.numel() for t in tensors.values()) / 1e6, kind


def write(rows, pictures, opt):
    """Write the page and copy the pictures beside it."""
    folders = sorted(os.path.join(opt.model, name) for name in os.listdir(opt.model))
    parts = [part_row(folder) for folder in folders if os.path.isdir(folder)]
    size = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(opt.model) for name in names)
    shown = []
    for number, (path, caption) in enumerate(pictures, 1):
        name = "built-in-%d.png" % number
        shutil.copyfile(path, os.path.join(IMAGES, name))
        shown.append("*%s*\n\n![Spectrogram](images/%s)" % (caption, name))
    with open(PAGE, "w") as file:
        file.write(TEXT.format(size=size / 1e6, parameters=sum(p[1] for p in parts), prompts=opt.prompts, seeds=opt.seeds,
                               fewer=opt.fewer, table="\n".join(rows), pictures="\n\n".join(shown),
                               parts="\n".join("| `%s` | %.2f M | %s |" % part for part in parts)))

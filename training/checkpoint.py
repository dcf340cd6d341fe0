"""Checkpoints in safetensors files of at most 16 MiB, optimizer state included where it fits."""
import json
import os

import torch

from reference.safetensors_io import load_file, save_file

LIMIT = 15 * 2 ** 20


def save_sharded(tensors, folder, stem, dtype=None):
    """Write tensors (floats cast to dtype) as <stem>-<i>.safetensors, none above 15 MiB; return the file count."""
    os.makedirs(folder, exist_ok=True)
    shards, size = [{}], 0
    for name in sorted(tensors):
        value = tensors[name].detach().cpu()
        value = value.to(dtype) if dtype is not None and value.is_floating_point() else value
        bytes_needed = value.numel() * value.element_size()
        if size + bytes_needed > LIMIT and shards[-1]:
            shards, size = shards + [{}], 0
        shards[-1][name] = value
        size += bytes_needed
    for number, shard in enumerate(shards):
        save_file(shard, os.path.join(folder, "%s-%d.safetensors" % (stem, number)))
    return len(shards)


def load_sharded(folder, stem):
    """The tensors that save_sharded wrote, or None if there are none."""
    tensors, number = {}, 0
    while os.path.exists(os.path.join(folder, "%s-%d.safetensors" % (stem, number))):
        tensors.update(load_file(os.path.join(folder, "%s-%d.safetensors" % (stem, number))))
        number += 1
    return tensors or None


class Average:
    """Exponential moving average of a module's parameters, kept in float32."""

    def __init__(self, module, decay):
        self.decay, self.steps = decay, 0
        self.names = [name for name, _ in module.named_parameters()]
        self.source = [p for _, p in module.named_parameters()]
        self.values = [p.detach().clone() for p in self.source]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_mul_(self.values, decay)
        torch._foreach_add_(self.values, [p.detach() for p in self.source], alpha=1 - decay)

    def state_dict(self):
        return dict(zip(self.names, self.values))


class Curve:
    """Training log: one JSON object per line."""

    def __init__(self, path):
        self.file = open(path, "a")

    def write(self, **values):
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
        self.file.write(line + "\n")
        self.file.flush()
        print(line, flush=True)

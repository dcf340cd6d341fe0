"""Reader of the GGUF files of `ams quantise`: plain types and q8_0."""
import json
import mmap
import os
import struct

import numpy as np
import torch

_SIMPLE = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_BYTES = {"f32": (1, 4), "f16": (1, 2), "bf16": (1, 2), "q8_0": (32, 34)}       # values and bytes of a block
_STRING, _ALIGNMENT = 8, 32


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        (value,) = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return value

    def text(self):
        size = self.take("Q")
        self.at += size
        return bytes(self.data[self.at - size:self.at]).decode()


def _decode(raw, dtype, shape):
    if dtype == "q8_0":
        blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("values", "i1", 32)]))
        values = blocks["scale"].astype(np.float32)[:, None] * blocks["values"]
        return torch.from_numpy(values.reshape(shape))
    kind = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[dtype]
    return torch.frombuffer(bytearray(raw), dtype=kind).reshape(shape).float()


def load_gguf(path):
    """({name: fp32 tensor}, metadata) of one file."""
    with open(path, "rb") as file:
        reader = _Reader(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if bytes(reader.data[:4]) != b"GGUF":
        raise ValueError("%s is no GGUF file" % path)
    reader.at = 8
    count, keys, found = reader.take("Q"), reader.take("Q"), {}
    for _ in range(keys):
        name, kind = reader.text(), reader.take("I")
        if kind != _STRING and kind not in _SIMPLE:
            raise ValueError("%s: key %s has type %d, expected text or a number" % (path, name, kind))
        found[name] = reader.text() if kind == _STRING else reader.take(_SIMPLE[kind])
    offsets = []
    for _ in range(count):
        reader.text()
        dims = reader.take("I")
        reader.at += 8 * dims + 4
        offsets.append(reader.take("Q"))
    start = -(-reader.at // _ALIGNMENT) * _ALIGNMENT
    tensors = {}
    for offset, entry in zip(offsets, json.loads(found["ams.tensors"])):
        block, size = _BYTES[entry["dtype"]]
        length = int(np.prod(entry["shape"])) // block * size
        raw = reader.data[start + offset:start + offset + length]
        tensors[entry["name"]] = _decode(raw, entry["dtype"], entry["shape"])
    return tensors, json.loads(found["ams.metadata"])


def find_gguf(folder):
    """The only .gguf file of a folder, or None."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".gguf"))
    return os.path.join(folder, names[0]) if len(names) == 1 else None

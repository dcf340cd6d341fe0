"""python3 -m unittest reference.tests.test_gguf"""
import json
import os
import struct
import tempfile
import unittest

import numpy as np
import torch

from reference.gguf_io import find_gguf, load_gguf


def gguf_bytes(tensors, metadata):
    """A file as `ams quantise` writes it; tensors: [(name, dtype, shape, bytes, ggml type)]."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()
    entries = [{"name": name, "dtype": dtype, "shape": shape} for name, dtype, shape, _, _ in tensors]
    keys = [("ams.metadata", json.dumps(metadata)), ("ams.tensors", json.dumps(entries))]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in keys)
    data = b""
    for number, (_, _, shape, raw, kind) in enumerate(tensors):
        head += text(str(number)) + struct.pack("<I", 1) + struct.pack("<Q", int(np.prod(shape)))
        head += struct.pack("<IQ", kind, len(data))
        data += raw + b"\0" * (-len(raw) % 32)
    return head + b"\0" * (-len(head) % 32) + data


class Gguf(unittest.TestCase):
    def test_values_names_and_metadata_come_back(self):
        plain = torch.tensor([[1.5, -2], [.25, 3]]).to(torch.bfloat16)
        steps = np.arange(-32, 32).astype(np.int8)
        blocks = b"".join(struct.pack("<e", scale) + steps[32 * i:32 * i + 32].tobytes() for i, scale in enumerate((.5, 2.)))
        content = gguf_bytes([("a", "bf16", [2, 2], plain.view(torch.int16).numpy().tobytes(), 30),
                              ("b", "q8_0", [4, 8, 2], blocks, 8)], {"format": "q8_0"})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model-q8_0.gguf")
            with open(path, "wb") as file:
                file.write(content)
            self.assertEqual(find_gguf(folder), path)
            tensors, metadata = load_gguf(path)
        self.assertEqual(metadata, {"format": "q8_0"})
        self.assertTrue(torch.equal(tensors["a"], plain.float()))
        self.assertEqual(list(tensors["b"].shape), [4, 8, 2])
        self.assertTrue(torch.equal(tensors["b"].flatten(), torch.from_numpy(steps * np.repeat([.5, 2], 32)).float()))

    def test_another_format_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.gguf")
            with open(path, "wb") as file:
                file.write(b"something else")
            with self.assertRaisesRegex(ValueError, "no GGUF"):
                load_gguf(path)


if __name__ == "__main__":
    unittest.main()

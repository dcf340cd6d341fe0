"""Weights to go on from: a run's shards, or the exported model."""
import os

from reference.gguf_io import load_gguf

from .checkpoint import load_sharded

# Parts of an exported model by stem: (folder, prefix of the stage's names).
_EXPORTED = {"vae": [("vae-demo", "")], "model": [("acestep-v15-demo", "model."), ("Qwen3-Embedding-demo", "text.")],
             "planner": [("acestep-5Hz-lm-demo", "")]}


def load_weights(folder, stem):
    """{name: tensor} of stage `stem` ("vae", "model" or "planner") in a run's folder or an exported model's, or None.

    An exported model is rounded to q8_0 (the decoder of the autoencoder to bf16), which training soon makes up for.
    """
    tensors = load_sharded(folder, stem)
    if tensors is not None:
        return tensors
    for part, prefix in _EXPORTED[stem]:
        path = os.path.join(folder, part, "model-q8_0.gguf")
        if not os.path.exists(path):
            return None
        tensors = dict(tensors or {}, **{prefix + name: value for name, value in load_gguf(path)[0].items()})
    return tensors

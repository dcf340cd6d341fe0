"""Golden data of other sizes: python3 -m reference.make_golden GOLDEN_DIR SIZES.json OUT_DIR [--seed N].

Takes the cases of GOLDEN_DIR as patterns (which inputs, which parameters, the tokenizers), draws checkpoints and inputs of the
sizes in SIZES.json, and records what this reference makes of them. So a program can be checked at sizes that it was never
developed with. A size of null removes the entry (the 2B models have
no encoder_* sizes). Demucs is not covered; cases of EXTRA are added, because no recorded case combines these options.
"""
import argparse
import glob
import json
import os
import shutil

import torch

from . import check_golden
from .model import AceStep
from .qwen import Qwen
from .safetensors_io import load_file, save_file
from .vae import Vae

# Lengths of the patterns -> lengths of the new cases: latent frames, text, lyrics, references, batches stay.
LENGTHS = {40: 53, 37: 31, 46: 60, 45: 55, 30: 22, 23: 27, 33: 41, 17: 20, 19: 25, 15: 12, 29: 34, 53: 47, 12: 18, 13: 21,
           24: 35, 34: 39, 25: 28, 21: 26, 26: 30, 8: 11, 3: 4, 14090: 17777}
# A loop of the patterns that lends its inputs, and the parameters that replace its own.
EXTRA = {
    "loop/heun_dcw": ("loop/ode_heun", {"dcw_enabled": True}),
    "loop/heun_adg": ("loop/ode_heun", {"use_adg": True}),
    "loop/adg_interval": ("loop/ode_adg", {"cfg_interval_start": 0.3, "cfg_interval_end": 0.9}),
    "loop/sde_dcw": ("loop/sde_shift3", {"dcw_enabled": True}),
    "loop/repaint_dcw": ("loop/repaint_balanced", {"dcw_enabled": True, "repaint_injection_ratio": 0.3}),
    "loop/cover_dcw": ("loop/cover_strength_05", {"dcw_enabled": True, "audio_cover_strength": 0.8}),
}
WIDTHS = {"text_hidden_states": "text", "lyric_hidden_states": "text", "inputs_embeds": "text",
          "encoder_hidden_states": "encoder", "context_latents": "context"}
WITHOUT_RESULT = ("demucs/", "e2e/source", "sampler/adg")  # the reference lacks some of their outputs


def randomise(module, generator):
    """Weights of plausible size that bf16 holds exactly."""
    for name, value in module.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith(("norm.weight", "norm1.weight", "norm2.weight")):
            value.copy_(1 + 0.1 * noise)
        elif name.endswith("weight_g"):
            value.mul_(1 + 0.1 * noise)
        elif value.dim() <= 1 or name.endswith((".alpha", ".beta")):
            value.copy_(0.1 * noise)
        value.copy_(value.bfloat16().float())
    return module


def bf16(module):
    return {name: value.bfloat16() for name, value in module.state_dict().items()}


class Maker:
    def __init__(self, pattern, sizes, out, seed):
        self.pattern, self.sizes, self.out = pattern, sizes, out
        self.random = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)

    # ---- checkpoints ----

    def config(self, name, changes):
        with open(os.path.join(self.pattern, "checkpoints", name, "config.json")) as file:
            config = json.load(file)
        config.update(changes)
        return {key: value for key, value in config.items() if value is not None or key not in changes}

    def write(self, name, config, tensors, filename="model.safetensors"):
        folder = os.path.join(self.out, "checkpoints", name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(config, file, indent=1)
        save_file(tensors, os.path.join(folder, filename))
        for path in glob.glob(os.path.join(self.pattern, "checkpoints", name, "*")):
            if not path.endswith((".safetensors", "config.json", "index.json", ".pt")) or "tokenizer" in os.path.basename(path):
                shutil.copy(path, folder)
        return folder

    def checkpoints(self):
        for name in ("Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B", "Qwen2.5-7B-Instruct"):
            config = self.config(name, self.sizes[name])
            self.write(name, config, bf16(randomise(Qwen(config), self.random)))
        config = self.config("vae", self.sizes["vae"])
        vae = randomise(Vae(config), self.random)
        self.write("vae", config, bf16(vae), "diffusion_pytorch_model.safetensors")
        config = self.config("acestep-v15-xl-sft", self.sizes["acestep-v15-xl-sft"])
        model = randomise(AceStep(config), self.random)
        folder = self.write("acestep-v15-xl-sft", config, bf16(model))
        table = torch.randn(1, config["audio_acoustic_hidden_dim"], 900, generator=self.random)
        torch.save(table, os.path.join(folder, "silence_latent.pt"))
        self.adapters(model)

    def adapters(self, model):
        for name in ("lora_a", "lora_b"):
            source = os.path.join(self.pattern, "checkpoints", "adapters", name)
            folder = os.path.join(self.out, "checkpoints", "adapters", name)
            os.makedirs(folder)
            shutil.copy(os.path.join(source, "adapter_config.json"), folder)
            tensors = load_file(os.path.join(source, "adapter_model.safetensors"))
            for key, value in tensors.items():
                module, matrix = key[len("base_model.model."):].split(".lora_")
                out_features, in_features = model.decoder.get_submodule(module).weight.shape
                shape = (value.shape[0], in_features) if matrix.startswith("A") else (out_features, value.shape[1])
                tensors[key] = (0.2 * torch.randn(shape, generator=self.random)).to(value.dtype)
            save_file(tensors, os.path.join(folder, "adapter_model.safetensors"))

    # ---- cases ----

    def width(self, name):
        config = self.sizes["acestep-v15-xl-sft"]
        latent = config["audio_acoustic_hidden_dim"]
        kind = next((WIDTHS[key] for key in WIDTHS if key in name), "latent")
        return {"text": config["text_hidden_dim"], "encoder": config["encoder_hidden_size"] or config["hidden_size"], "context": 2 * latent,
                "latent": latent}[kind]

    def length(self, n):
        return LENGTHS.get(n, n)

    def ids(self, value, model):
        shape = [value.shape[0], self.length(value.shape[1])]
        return torch.randint(0, self.vocabulary[model], shape, generator=self.random)

    def prefix_mask(self, value):
        longest = self.length(value.shape[-1])
        valid = value.long().sum(-1)
        rows = [longest if n == value.shape[-1] else min(self.length(int(n)), longest - 1) for n in valid]
        return torch.stack([torch.arange(longest) < n for n in rows]).to(value.dtype)

    def latent_input(self, name, value):
        """VAE inputs put channels before frames; everything else ends in its width."""
        shape = list(value.shape)
        if name.startswith(("in.vae_noise", "in.latents")) and self.group in ("vae", "e2e") or name == "in.noise" and self.group == "vae":
            shape[-2] = self.sizes["acestep-v15-xl-sft"]["audio_acoustic_hidden_dim"]
            if self.group == "vae" and "tiled" not in self.case:
                shape[-1] = self.length(shape[-1]) if name != "in.noise" else self.length(14090) // 1920
        else:
            shape[-1] = self.width(name)
            shape[-2] = shape[-2] if self.group == "e2e" else self.length(shape[-2])
        return value.mean() + value.std() * torch.randn(shape, generator=self.random)

    def input(self, name, value):
        key = name[3:]
        if self.group == "text" or self.group == "lm":
            model = {"t": "Qwen3-Embedding-0.6B", "l": "acestep-5Hz-lm-1.7B"}[self.group[0]]
            model = "Qwen2.5-7B-Instruct" if self.case.startswith("qwen2") else model
            return self.ids(value, model) if key == "input_ids" else self.left_padding(value)
        if key in ("is_covers", "refer_audio_order_mask", "order", "timestep", "timestep_r", "timesteps"):
            return value
        if key == "indices":
            return torch.randint(0, int(value.max()) + 1, (1, self.length(value.shape[1])), generator=self.random)
        if key == "chunk_masks" or "repaint_mask" in key or key == "mask":
            return self.spans(value, key)
        if key.endswith("attention_mask"):
            return self.prefix_mask(value)
        if key in ("audio", "mix"):
            shape = list(value.shape)
            shape[-1] = shape[-1] if "tiled" in self.case else self.length(shape[-1])
            return value.std() * torch.randn(shape, generator=self.random)
        return self.latent_input(name, value)

    def left_padding(self, value):
        longest = self.length(value.shape[-1])
        rows = [longest if int(n) == value.shape[-1] else int(n) for n in value.sum(-1)]
        return torch.stack([torch.arange(longest) >= longest - n for n in rows]).to(value.dtype)

    def spans(self, value, key):
        """Masks over frames, stretched to the new length."""
        old = value.shape[1]
        new = self.length(old)
        frames = value[:, (torch.arange(new) * old // new)]
        return frames[..., :1].expand(-1, -1, self.width(key)).clone() if value.dim() == 3 else frames

    def cases(self):
        with open(os.path.join(self.pattern, "manifest.json")) as file:
            manifest = json.load(file)
        self.vocabulary = {name: self.config(name, {})["vocab_size"] for name in
                           ("Qwen3-Embedding-0.6B", "acestep-5Hz-lm-1.7B", "Qwen2.5-7B-Instruct")}
        by_name = {case["name"]: case for case in manifest["cases"]}
        listed = [(case["name"], case, {}) for case in manifest["cases"]]
        listed += [(name, by_name[base], changes) for name, (base, changes) in EXTRA.items()]
        os.makedirs(os.path.join(self.out, "e2e"))
        shutil.copy(os.path.join(self.pattern, "e2e/source.safetensors"), os.path.join(self.out, "e2e"))
        golden, written = check_golden.Golden.__new__(check_golden.Golden), []
        golden.folder, golden._models, golden.shared = self.out, {}, {}
        for name, case, changes in listed:
            if not name.startswith(WITHOUT_RESULT):
                written.append(self.make(golden, name, case, changes))
        with open(os.path.join(self.out, "manifest.json"), "w") as file:
            json.dump({"format": manifest["format"], "set": "reference/make_golden.py", "cases": written}, file, indent=1)

    def make(self, golden, name, case, changes):
        self.group, self.case = name.split("/")
        params = dict(case["params"], **changes)
        if self.group == "cond":
            config = self.sizes["acestep-v15-xl-sft"]
            params.update({key: config[{"window": "sliding_window"}.get(key, key)] for key in ("window", "layer_types") if key in params})
            params.pop("levels", None)
        recorded = load_file(os.path.join(self.pattern, case["file"]))
        tensors = {key: self.input(key, value) for key, value in recorded.items() if key.startswith("in.")}
        outputs = check_golden.RUNNERS[self.group](golden, self.case, check_golden.inputs_of(tensors), params)
        if self.case == "fsq_tokenize":    # one value a code: that of its first frame
            outputs["mask"] = tensors["in.attention_mask"][:, ::5]
        for key, value in outputs.items():
            if name != "sampler/seed_noise" or key in {k[4:] for k in recorded}:
                tensors["out." + key] = value.contiguous()
        path = name + ".safetensors"
        os.makedirs(os.path.join(self.out, self.group), exist_ok=True)
        save_file(tensors, os.path.join(self.out, path))
        facts = {key: {"dtype": str(value.dtype)[6:], "shape": list(value.shape),
                       "atol": max(3e-6, 3e-5 * float(value.abs().max())) if value.is_floating_point() else 0}
                 for key, value in tensors.items()}
        print("%-28s %s" % (name, {key: list(v.shape) for key, v in tensors.items() if key.startswith("out.")} if len(facts) < 18 else "…"))
        return {"name": name, "file": path, "description": "as " + case["name"], "params": params, "tensors": facts}


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern")
    parser.add_argument("sizes")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    opt = parser.parse_args()
    with open(opt.sizes) as file:
        maker = Maker(opt.pattern, json.load(file), opt.out, opt.seed)
    maker.checkpoints()
    maker.cases()


if __name__ == "__main__":
    main()

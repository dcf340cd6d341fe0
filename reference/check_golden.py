"""Replay the golden cases: python3 -m reference.check_golden DIR. Exits with 1 when a case misses its bound."""
import json
import os
import sys
import time

import torch

from . import sampler
from .conditioning import group_by_sample
from .model import load_ace_step
from .qwen import load_qwen
from .request import Parts, Request
from .safetensors_io import load_file
from .vae import load_vae

MODULE_BOUND, LOOP_BOUND = 1e-4, 1e-3


class Golden:
    """The recorded cases and lazily loaded models of one golden folder."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "manifest.json")) as file:
            self.cases = json.load(file)["cases"]
        self._models, self.shared = {}, {}

    def checkpoint(self, name, loader):
        if name not in self._models:
            self._models[name] = loader(os.path.join(self.folder, "checkpoints", name))
        return self._models[name]

    def ace(self):
        return self.checkpoint("acestep-v15-xl-sft", load_ace_step)


def inputs_of(tensors):
    return {name[3:]: value for name, value in tensors.items() if name.startswith("in.")}


def run_text(golden, case, x, params):
    model = golden.checkpoint("Qwen3-Embedding-0.6B", load_qwen)
    if case == "lyric_embedding":
        return {"embeddings": model.embed_tokens(x["input_ids"])}
    return {"last_hidden_state": model(x["input_ids"])}


def greedy(model, ids, count):
    """Logits of the prompt, then `count` greedy tokens with a cache, then the last row again without one."""
    caches = model.new_caches()
    prefill = model.logits(model(ids, caches=caches))
    row, tokens, rows, everything = prefill[:, -1], [], [], ids
    for _ in range(count):
        tokens.append(row.argmax(-1, keepdim=True))
        everything = torch.cat([everything, tokens[-1]], dim=1)
        row = model.logits(model(tokens[-1], caches=caches))[:, -1]
        rows.append(row)
    return {"prefill_logits": prefill, "tokens": torch.cat(tokens, 1), "step_logits": torch.stack(rows, 1),
            "full_last_logits": model.logits(model(everything))[:, -1]}


def guided_codes(model, x, params):
    ids, mask, outputs, step = x["input_ids"], x["attention_mask"], {}, 0
    first = params["first_audio_code_id"]
    while step < 3:
        row = model.logits(model(ids, attention_mask=mask))[:, -1]
        conditional, null = row[:1], row[1:]
        guided = null + params["scale"] * (conditional - null)
        token = guided[:, first:first + params["audio_codes"]].argmax(-1) + first
        outputs.update({"cond.%d" % step: conditional, "uncond.%d" % step: null, "cfg.%d" % step: guided,
                        "token.%d" % step: token})
        ids = torch.cat([ids, token.expand(2).unsqueeze(1)], dim=1)
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
        step += 1
    return outputs


def run_lm(golden, case, x, params):
    name = "Qwen2.5-7B-Instruct" if case.startswith("qwen2") else "acestep-5Hz-lm-1.7B"
    model = golden.checkpoint(name, load_qwen)
    return guided_codes(model, x, params) if case == "qwen3_cfg" else greedy(model, x["input_ids"], 6)


def encode_conditions(model, x, text="text_hidden_states", text_mask="text_attention_mask"):
    return model.encoder(x[text], x[text_mask], x["lyric_hidden_states"], x["lyric_attention_mask"],
                         x["refer_audio_acoustic_hidden_states_packed"], x["refer_audio_order_mask"])


def context_of(model, silence, x):
    return model.context(x["src_latents"], x["chunk_masks"], x["is_covers"], silence,
                         x.get("precomputed_lm_hints_25Hz"))


def run_cond(golden, case, x, params):
    model, silence = golden.ace()
    if case == "lyric_encoder":
        return {"hidden_states": model.encoder.lyric_encoder(x["inputs_embeds"], x["attention_mask"])}
    if case == "timbre_encoder":
        vectors = model.encoder.timbre_encoder(x["packed"])
        timbre, mask = group_by_sample(vectors, x["order"], int(x["order"].max()) + 1)
        return {"timbre": timbre, "mask": mask}
    if case == "fsq_tokenize":
        quantized, indices = model.tokenizer(model.tokenizer.padded(x["latents"], silence))
        return {"indices": indices.unsqueeze(-1), "quantized": quantized}
    if case == "fsq_detokenize":
        return {"latents_25hz": model.hints_of_codes(x["indices"])}
    tokens, mask = encode_conditions(model, x)
    result = {"encoder_hidden_states": tokens, "encoder_attention_mask": mask}
    if case.startswith("prepare"):
        result["context_latents"] = context_of(model, silence, x)
    return result


def merge_adapters(golden, model, parts):
    """A copy of the DiT with scale * alpha / r * B A added to the target matrices."""
    import copy
    dit = copy.deepcopy(model.decoder)
    for name, strength in parts:
        folder = os.path.join(golden.folder, "checkpoints", "adapters", name)
        with open(os.path.join(folder, "adapter_config.json")) as file:
            config = json.load(file)
        tensors = load_file(os.path.join(folder, "adapter_model.safetensors"))
        for key, a in tensors.items():
            if not key.endswith("lora_A.weight"):
                continue
            target = key[len("base_model.model."):-len(".lora_A.weight")]
            weight = dit.get_submodule(target).weight
            b = tensors[key.replace("lora_A", "lora_B")]
            rank = config.get("rank_pattern", {}).get(target, config["r"])
            alpha = config.get("alpha_pattern", {}).get(target, config["lora_alpha"])
            weight.data += strength * alpha / rank * (b.float() @ a.float())
    return dit


def run_dit(golden, case, x, params):
    model, _ = golden.ace()
    dit = merge_adapters(golden, model, params["parts"]) if "parts" in params else model.decoder
    return {"velocity": dit(x["hidden_states"], x["context_latents"], x["encoder_hidden_states"], x["timestep"],
                            x["timestep_r"])}


def run_sampler(golden, case, x, params):
    if case == "apg":
        guide, result = sampler.Apg(), {}
        for step in range(3):
            result["guided.%d" % step] = guide(x["cond"][step], x["uncond"][step], params["scale"])
            result["momentum.%d" % step] = guide.run
        first = (x["cond"][0], x["uncond"][0], params["scale"])
        result["no_momentum"] = sampler.Apg(momentum=None)(*first)
        result["eta_half"] = sampler.Apg(momentum=None, eta=0.5, threshold=0.0)(*first[:2], 3.0)  # as recorded
        return result
    if case == "adg":
        c, u = x["cond"][0], x["uncond"][0]
        return {"t07": sampler.adg(x["xt"], c, u, 0.7, 7.0), "t1": sampler.adg(x["xt"], c, u, 1.0, 7.0),
                "cfg": u + 7.0 * (c - u),
                "equal_inputs": sampler.adg(x["xt"], c, c, 0.7, 7.0), "scale_below_1": sampler.adg(x["xt"], c, u, 0.7, 0.5)}
    if case == "timesteps":
        return {"steps%d_shift%s" % (n, label): sampler.schedule(n, s)
                for n, s, label in ((8, 1., "1"), (8, 3., "3"), (27, 1., "1"), (27, 3., "3"), (50, 1., "1"),
                                    (50, 3., "3"), (30, 2.5, "2_5"))}
    if case == "dcw":
        return {"%s.%s" % (parity, mode): sampler.wavelet_correction(
                    x[parity + "_x"], x[parity + "_denoised"], params["t"], mode, params["scaler"],
                    params["high_scaler"])
                for parity in ("even", "odd") for mode in ("low", "high", "double", "pix")}
    if case == "repaint_helpers":
        result = {"inject": sampler.repaint_inject(x["xt"], x["src"], x["noise"], 0.3, x["mask"])}
        for ramp in (0, 4, 25):
            w = sampler.repaint_weights(x["mask"], ramp).unsqueeze(-1)
            result["blend_%d" % ramp] = w * x["xt"] + (1 - w) * x["src"]
        return result
    if case == "seed_noise":
        result = {}
        for seed in (0, 42, 4294967295):
            for frames in (37, 1500, 15000):
                count = frames * 64
                for dtype in (torch.float32, torch.bfloat16):
                    cpu = torch.randn(1, frames, 64, generator=torch.Generator().manual_seed(seed), dtype=dtype)
                    for device, values in (("cpu", cpu.flatten()), ("cuda", sampler.cuda_noise(seed, count).to(dtype))):
                        middle = count // 2
                        rows = torch.cat([values[:192], values[middle:middle + 64], values[-64:]]).float()
                        result["%s.%s.seed%d.frames%d" % (device, str(dtype)[6:], seed, frames)] = rows
        return result
    return None


def run_loop(golden, case, x, params):
    model, silence = golden.ace()
    tokens, _ = encode_conditions(model, x)
    if case.startswith("flow_edit"):
        target = dict(x, lyric_hidden_states=x["target_lyric_hidden_states"],
                      lyric_attention_mask=x["target_lyric_attention_mask"])
        target_tokens, _ = encode_conditions(model, target, "target_text_hidden_states", "target_text_attention_mask")
        context = context_of(model, silence, dict(x, src_latents=x["ctx_src_latents"]))
        return {"latents": sampler.flow_edit(
            model, sampler.Conditions(tokens, context), sampler.Conditions(target_tokens, context), x["src_latents"],
            x["fwd_noise"], params["infer_steps"], params["shift"], params["diffusion_guidance_scale"],
            (params["edit_n_min"], params["edit_n_max"]), params["edit_n_avg"])}
    conditions, other, repaint, noise = sampler.Conditions(tokens, context_of(model, silence, x)), None, None, x["noise"]
    if "non_cover_text_hidden_states" in x:
        plain, _ = encode_conditions(model, x, "non_cover_text_hidden_states", "non_cover_text_attention_mask")
        quiet = silence[:, :noise.shape[1]].expand(noise.shape[0], -1, -1)
        other = sampler.Conditions(plain, torch.cat([quiet, x["chunk_masks"]], dim=-1))
    if "repaint_mask" in x:
        repaint = dict(clean=x["clean_src_latents"], inside=x["repaint_mask"], ratio=params["repaint_injection_ratio"],
                       ramp=params["repaint_crossfade_frames"])
    if "retake_variance" in params:
        noise = sampler.mix_noise(noise, x["retake_noise"], params["retake_variance"])
    dcw = ("double", 0.05, 0.02) if params.get("dcw_enabled", True) else None
    return {"latents": sampler.generate(
        model, conditions, noise, params.get("infer_steps", 0), params.get("shift", 1.0),
        params["diffusion_guidance_scale"],
        (params.get("cfg_interval_start", 0.0), params.get("cfg_interval_end", 1.0)), params.get("use_adg", False),
        x.get("timesteps"), params.get("infer_method", "ode"), params.get("sampler_mode", "euler"),
        params.get("velocity_norm_threshold", 0.0), params.get("velocity_ema_factor", 0.0), dcw, x.get("sde_noise"),
        other, params.get("audio_cover_strength", 1.0), params.get("cover_noise_strength", 0.0), x["src_latents"],
        repaint)}


def run_vae(golden, case, x, params):
    vae = golden.checkpoint("vae", load_vae)
    if case == "encode":
        mean, std = vae.encode(x["audio"])
        return {"mean": mean, "std": std, "sample": mean + std * x["noise"]}
    if case.startswith("tiled_decode"):
        return {"audio": vae.decode_tiled(x["latents"], params["chunk_size"], params["overlap"])}
    if case == "tiled_encode":
        return {"latents": vae.encode_tiled(x["audio"], params["chunk_size"], params["overlap"], x["noise"])}
    return {"audio": vae.decode(x["latents"])}


def run_e2e(golden, case, x, params):
    """Whole requests: prompts, tokenizer, encoders, sampler, decoder and splice."""
    if case == "source":
        return None
    if "e2e" not in golden.shared:
        root = os.path.join(golden.folder, "checkpoints")
        golden.shared["e2e"] = Parts(*(os.path.join(root, n) for n in ("acestep-v15-xl-sft", "Qwen3-Embedding-0.6B", "vae")))
        golden.shared["audio"] = load_file(os.path.join(golden.folder, "e2e/source.safetensors"))
    audio = {role: golden.shared["audio"][name.split(":")[1]] for role, name in params["shared_inputs"].items()}
    draws = iter([x[name] for name in sorted(x) if name.startswith("vae_noise")])
    parts = golden.shared["e2e"]
    request = Request(parts, params, audio.get("source"), audio.get("reference"), draws)
    if params.get("morph"):
        quiet = parts.silence[:, :request.clean.shape[1]]
        timbre = parts.silence[:, :750]
        ids = request.text_ids("text2music", audio["source"].shape[-1] / 48000, "solo piano")
        before = request.condition(ids, timbre, quiet, False, None, "[Instrumental]")
        after = request.condition(request.text_ids("text2music", audio["source"].shape[-1] / 48000), timbre, quiet, False, None)
        return {"latents": sampler.flow_edit(parts.model, before, after, request.clean, x["fwd_noise"], params["infer_steps"],
                                             params["shift"], params["guidance_scale"])}
    latents = request.sample(x["noise"], params["infer_steps"], params["shift"], params["guidance_scale"], ("double", .05, .02))
    result = {"latents": latents}
    if params.get("decode", True):
        wave = request.decode(latents)
        whole = wave.shape[-1] // 1920 * 1920
        result.update(audio=wave[..., 48000:96000], audio_tail=wave[..., -24000:],
                      frame_rms=wave[..., :whole].unflatten(-1, (-1, 1920)).pow(2).mean(-1).sqrt())
    return result


RUNNERS = {"text": run_text, "lm": run_lm, "cond": run_cond, "dit": run_dit, "sampler": run_sampler,
           "loop": run_loop, "vae": run_vae, "e2e": run_e2e}


def compare(expected, outputs, bound):
    """(worst relative error, names checked, names missed, ok)."""
    worst, checked, absent, ok = 0.0, 0, [], True
    for name, value in expected.items():
        if not name.startswith("out."):
            continue
        actual = outputs.get(name[4:])
        if actual is None:
            absent.append(name[4:])
            continue
        checked += 1
        if value.is_floating_point():
            error = float((actual.double() - value.double()).norm() / value.double().norm().clamp(min=1e-12))
            worst, ok = max(worst, error), ok and actual.shape == value.shape and error <= bound
        else:
            ok = ok and torch.equal(actual.to(value.dtype), value)
    return worst, checked, absent, ok and checked > 0


@torch.no_grad()
def main(folder):
    golden, failed, skipped, began = Golden(folder), [], [], time.time()
    for case in golden.cases:
        group, name = case["name"].split("/")
        if group not in RUNNERS:
            continue
        tensors = load_file(os.path.join(folder, case["file"]))
        if "timesteps" in case["params"]:
            tensors["in.timesteps"] = torch.tensor(case["params"]["timesteps"])
        outputs = RUNNERS[group](golden, name, inputs_of(tensors), case["params"])
        if outputs is None:
            skipped.append(case["name"])
            continue
        bound = LOOP_BOUND if group in ("loop", "e2e") else MODULE_BOUND
        worst, checked, absent, ok = compare(tensors, outputs, bound)
        failed += [] if ok else [case["name"]]
        print("%-4s %-32s relative L2 %.1e (bound %.0e), %d outputs%s" % (
            "ok" if ok else "FAIL", case["name"], worst, bound, checked,
            ", not replayed: " + " ".join(absent) if absent else ""))
    print("not covered: " + ", ".join(skipped))
    print("%d failed, %.0f s" % (len(failed), time.time() - began))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 -m reference.check_golden GOLDEN_DIR")
    sys.exit(main(sys.argv[1]))

"""Stage 1: train the autoencoder on rendered music.

    python3 -m training.train_vae --out DIR --seconds 540 [--resume DIR]

Writes into DIR: vae-<i>.safetensors (averaged weights, bf16), vae-raw-<i>.safetensors (current weights, bf16, to go on
from), curve.jsonl, report.json and pictures of held-out songs before and after the round trip.
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch

import reference.vae as vae_module
from reference.vae import Vae

from . import analysis, losses
from .checkpoint import Average, Curve, load_sharded, save_sharded
from .feed import HELD_OUT, Composer, CropPool
from .graph_step import GraphStep
from .music.compose import compose
from .music.synth import RATE, Synth
from .start import load_weights


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume", help="folder of an earlier run")
    parser.add_argument("--config", default="training/configs/vae.json")
    parser.add_argument("--seconds", type=float, default=540, help="time from the program's start to the end of training")
    parser.add_argument("--steps", type=int, default=10 ** 9, help="stop after so many steps at the latest")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--frames", type=int, default=32, help="latent frames of a crop")
    parser.add_argument("--rate", type=float, default=5e-4, help="peak learning rate")
    parser.add_argument("--warmup", type=float, default=.04, help="share of the time with a rising rate")
    parser.add_argument("--kl", type=float, default=2e-4)
    parser.add_argument("--wave", type=float, default=1.0, help="weight of the waveform term")
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--song-seconds", type=float, default=12)
    parser.add_argument("--pool", type=int, default=64)
    parser.add_argument("--refresh-every", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--freeze-front", type=float, default=1.0, help="share of the run after which the encoder's "
                        "48 kHz block stays as it is (half of all arithmetic is there)")
    parser.add_argument("--freeze-encoder", action="store_true", help="train the decoder only: latents stay what they are")
    parser.add_argument("--refresh", type=int, default=8, help="songs replaced at a refresh")
    parser.add_argument("--held-out", type=int, default=16)
    parser.add_argument("--layout", choices=["1d", "planar", "auto"], default="auto")
    parser.add_argument("--graph", type=int, default=1, help="replay the step as a CUDA graph")
    parser.add_argument("--fuse", type=int, default=1, help="compile the snake activation")
    return parser.parse_args()


def forward(vae, audio, planar, dtype):
    """(reconstruction, mean, std) in float32; the network runs in dtype, channels-last when planar."""
    x = audio.to(dtype)
    if planar:
        x = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    trains = any(p.requires_grad for p in vae.encoder.parameters())
    with torch.set_grad_enabled(trains and torch.is_grad_enabled()):
        mean, scale = vae.encoder(x).float().chunk(2, dim=1)
    std = torch.nn.functional.softplus(scale) + 1e-4
    z = (mean + std * torch.randn_like(mean)).to(dtype)
    if planar:
        z = z.contiguous(memory_format=torch.channels_last)
    out = vae.decoder(z).float()
    return (out.squeeze(2), mean.squeeze(2), std.squeeze(2)) if planar else (out, mean, std)


def objective(vae, audio, opt, planar, dtype):
    out, mean, std = forward(vae, audio, planar, dtype)
    spectral, mel = losses.spectral_loss(out, audio)
    level = audio.abs().mean(dim=(1, 2), keepdim=True) + .01
    wave = ((out - audio).abs() / level).mean()
    kl = losses.kl_loss(mean, std)
    return spectral + .5 * mel + opt.wave * .25 * wave + opt.kl * kl, dict(spectral=spectral, mel=mel, wave=wave, kl=kl)


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def fastest_layout(vae, pool, opt, dtype, device):
    """Time a few steps in both layouts; the numbers are printed and the faster one is returned."""
    timings = {}
    for planar in (False, True):
        audio = pool.crops(opt.batch, opt.frames * vae.hop)
        try:
            for turn in range(8):
                if turn == 4:
                    synchronise(device)
                    began = time.time()
                objective(vae, audio, opt, planar, dtype)[0].backward()
            synchronise(device)
            timings[planar] = (time.time() - began) / 4
        except RuntimeError as error:
            print("layout", planar, "failed:", str(error).splitlines()[0])
            timings[planar] = float("inf")
        for p in vae.parameters():
            p.grad = None
    print("seconds per step: 1d %.4f, planar %.4f" % (timings[False], timings[True]), flush=True)
    return timings[True] < timings[False]


@torch.no_grad()
def report(vae, synth, count, folder, pictures=3):
    """Round trip of held-out songs, next to trivial baselines of the same number of values per second."""
    songs = [compose(HELD_OUT + i, 10.0) for i in range(count)]
    rows, images = [], []
    for begin in range(0, count, 4):
        audio = synth.render(songs[begin:begin + 4])
        mean, std = vae.encode(audio)
        out = vae.decode(mean)
        # 64 channels x 25 Hz = 1600 values per second: stereo sampled at 800 Hz, that is a low-pass at 400 Hz.
        spectrum = torch.fft.rfft(audio)
        spectrum[..., int(400 * audio.shape[-1] / RATE):] = 0
        low = torch.fft.irfft(spectrum, audio.shape[-1])
        for i in range(len(audio)):
            a, o, l = audio[i:i + 1], out[i:i + 1], low[i:i + 1]
            rows.append(dict(genre=songs[begin + i].genre, stft=losses.stft_distance(o, a), stft_lowpass=losses.stft_distance(l, a),
                             stft_silence=losses.stft_distance(a * 0, a), si_sdr=float(losses.si_sdr(o, a)),
                             si_sdr_lowpass=float(losses.si_sdr(l, a)), latent_mean=float(mean[i].mean()),
                             latent_std=float(mean[i].std()), posterior_std=float(std[i].mean())))
            if len(images) < pictures:
                images.append(np.concatenate([analysis.spectrogram(w[0].mean(0).cpu().numpy(), 400, 200) for w in (a, o)], axis=1))
                if len(images) <= 2:
                    analysis.save_wav(torch.cat([a, o], -1)[0].cpu().numpy(),
                                      os.path.join(folder, "round_trip_%d.wav" % len(images)))
    analysis.save_png(np.concatenate(images), os.path.join(folder, "round_trip.png"))
    summary = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "genre"}
    summary["si_sdr_median"] = float(np.median([row["si_sdr"] for row in rows]))
    summary["si_sdr_lowpass_median"] = float(np.median([row["si_sdr_lowpass"] for row in rows]))
    channel = mean.transpose(0, 1).flatten(1).std(1)
    summary["active_channels"] = int((channel > .3).sum())
    with open(os.path.join(folder, "report.json"), "w") as file:
        json.dump(dict(mean=summary, rows=rows), file, indent=1)
    print("held-out:", json.dumps({k: round(v, 3) for k, v in summary.items()}), flush=True)
    return summary


def main():
    started, opt = time.time(), options()
    os.makedirs(opt.out, exist_ok=True)
    composer = Composer(opt.song_seconds, opt.workers, opt.first_seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    torch.manual_seed(opt.first_seed + 1)
    if device == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    with open(opt.config) as file:
        vae = Vae(json.load(file)).to(device)
    averaged_start = None
    if opt.resume:
        raw = load_sharded(opt.resume, "vae-raw") or load_weights(opt.resume, "vae")
        vae.load_state_dict({k: v.float() for k, v in raw.items()})
        averaged_start = load_weights(opt.resume, "vae")
    if opt.fuse and device == "cuda":
        from torch import _dynamo
        _dynamo.config.recompile_limit = 64
        vae_module.snake = torch.compile(vae_module.snake, dynamic=True)
    print("parameters: %d, encoder %d, decoder %d" % tuple(
        sum(p.numel() for p in m.parameters()) for m in (vae, vae.encoder, vae.decoder)), flush=True)
    began = time.time()
    pool = CropPool(composer, device, opt.pool, min(opt.refresh, opt.pool), opt.first_seed)
    synchronise(device)
    print("pool: %.0f s of music in %.1f s" % (pool.rendered_seconds, time.time() - began), flush=True)
    planar = opt.layout == "planar" or (opt.layout == "auto" and fastest_layout(vae, pool, opt, dtype, device))
    if opt.freeze_encoder:
        vae.encoder.requires_grad_(False)
    average = Average(vae, .999)
    if averaged_start:
        average.values = [averaged_start[name].float().to(device) for name in average.names]
        average.steps = 10 ** 4
    stepper = GraphStep(lambda audio: objective(vae, audio, opt, planar, dtype), vae.parameters(), opt.rate, (.8, .98),
                        1e-3, 3.0, device, bool(opt.graph))
    curve = Curve(os.path.join(opt.out, "curve.jsonl"))
    began = last = time.time()
    budget = max(1.0, started + opt.seconds - began)
    print("start-up took %.0f s" % (began - started), flush=True)
    step, sums, frozen = 0, {}, False
    while step < opt.steps and time.time() - began < budget:
        share = min(1.0, max((time.time() - began) / budget, step / opt.steps))
        if share >= opt.freeze_front and not frozen:
            frozen = True
            for part in (vae.encoder.conv1, vae.encoder.block[0]):
                part.requires_grad_(False)
            stepper.reset()
            print("encoder front frozen at step %d" % step, flush=True)
        rate = opt.rate * min(1.0, (share + 1e-3) / opt.warmup, (step + 1) / 50) * (.02 + .98 * .5 * (1 + math.cos(math.pi * share)))
        stepper.set_rate(rate)
        if step % opt.refresh_every == opt.refresh_every - 1:
            pool.refresh()
        results = stepper(pool.crops(opt.batch, opt.frames * vae.hop))
        average.update()
        for name, value in results.items():
            sums[name] = sums.get(name, 0) + value
        step += 1
        if step % 100 == 0 or step in (1, 10, 30):
            count = step % 100 or 100
            count = {1: 1, 10: 9, 30: 20}.get(step, 70 if step == 100 else 100)
            now = time.time()
            curve.write(step=step, seconds=now - began, rate=rate, step_seconds=(now - last) / count,
                        music_seconds=pool.rendered_seconds, **{k: float(v) / count for k, v in sums.items()})
            sums, last = {}, time.time()
        if step % 2000 == 0:
            save_sharded(average.state_dict(), opt.out, "vae", torch.bfloat16)
    trained = time.time() - began
    composer.close()
    save_sharded(average.state_dict(), opt.out, "vae", torch.bfloat16)
    save_sharded(vae.state_dict(), opt.out, "vae-raw", torch.bfloat16)
    curve.write(step=step, seconds=trained, finished=True, music_seconds=pool.rendered_seconds,
                device=torch.cuda.get_device_name() if device == "cuda" else "cpu", options=vars(opt))
    torch.backends.cudnn.benchmark = False
    vae.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in average.state_dict().items()})
    if opt.held_out:
        report(vae.eval(), pool.synth, opt.held_out, opt.out)
    print("whole run: %.0f s" % (time.time() - started), flush=True)


if __name__ == "__main__":
    main()

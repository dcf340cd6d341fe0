"""A small classifier of drums and lead instrument, trained on rendered songs only; used by training.evaluate.

    python3 -m training.classifier --out training/checkpoints/classifier --seconds 120
"""
import argparse
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import losses
from .checkpoint import load_sharded, save_sharded
from .feed import HELD_OUT, Composer
from .music.captions import describe
from .music.compose import compose
from .music.instruments import LEADS
from .music.synth import RATE, Synth

BANDS, SIZE = 128, 2048


class Classifier(nn.Module):
    """Stereo audio [B, 2, n] -> (drum logit [B], lead logits [B, len(LEADS)])."""

    def __init__(self, width=48):
        super().__init__()
        widths = [1, width, width, 2 * width, 2 * width, 3 * width]
        self.layers = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.GroupNorm(8, b), nn.GELU())
            for a, b in zip(widths, widths[1:])])
        # The frequency axis is kept for the last layer: an instrument is where its partials are.
        self.head = nn.Linear(3 * width * BANDS // 32 * 2, 1 + len(LEADS))

    def forward(self, audio):
        mono = audio.mean(1)
        spectrum = losses.magnitude(losses.stft(mono, SIZE))[..., ::2]
        mel = losses._mel(BANDS, SIZE, str(audio.device)) @ spectrum
        x = torch.log(mel + 1e-3).unsqueeze(1)
        x = (x - x.mean((2, 3), keepdim=True)) / 2
        x = self.layers(x)
        pooled = torch.cat([x.mean(-1), x.amax(-1)], dim=1).flatten(1)
        out = self.head(pooled)
        return out[:, 0], out[:, 1:]


def targets_of(songs):
    """(drums [n] float, lead class [n], -100 where the lead is no trained class)."""
    leads = [LEADS.index(s.instruments["lead"]) if s.instruments.get("lead") in LEADS else -100 for s in songs]
    return torch.tensor([float(s.has_drums) for s in songs]), torch.tensor(leads)


@torch.no_grad()
def measure(net, synth, count, duration=20.0):
    """Accuracy on held-out renderings: the ceiling for generated songs."""
    drums, leads, total = 0, 0, 0
    for begin in range(0, count, 8):
        songs = [compose(HELD_OUT + 5000 + begin + i, duration) for i in range(8)]
        drum, lead = net(synth.render(songs))
        wanted_drum, wanted_lead = targets_of(songs)
        drums += int(((drum.cpu() > 0) == (wanted_drum > .5)).sum())
        leads += int((lead.argmax(1).cpu() == wanted_lead).sum())
        total += 8
    return dict(drums=drums / total, lead=leads / total, songs=total)


def load(folder="training/checkpoints/classifier"):
    tensors = load_sharded(folder, "classifier")
    if tensors is None:
        return None
    net = Classifier()
    net.load_state_dict({k: v.float() for k, v in tensors.items()})
    return net.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--steps", type=int, default=10 ** 9)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--held-out", type=int, default=160)
    opt = parser.parse_args()
    composer = Composer(10.0, opt.workers, 60000000)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    net, synth = Classifier().to(device), Synth(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=.02)
    began, step = time.time(), 0
    rng = np.random.default_rng(0)
    while step < opt.steps and time.time() - began < opt.seconds:
        songs = composer.take(opt.batch)
        audio = synth.render(songs)
        # Generated songs pass the autoencoder: noise and a changing treble keep the classifier from relying on detail.
        audio = audio + torch.randn_like(audio) * float(10 ** rng.uniform(-5, -2)) * torch.rand(len(songs), 1, 1, device=device)
        drum, lead = net(audio * float(rng.uniform(.4, 1)))
        wanted_drum, wanted_lead = (t.to(device) for t in targets_of(songs))
        loss = F.binary_cross_entropy_with_logits(drum, wanted_drum) + F.cross_entropy(lead, wanted_lead, ignore_index=-100)
        share = min(1.0, max((time.time() - began) / opt.seconds, step / opt.steps))
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 30) * (1 - .98 * share)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 1:
            print("step %d loss %.3f, %.0f s of music" % (step, float(loss), step * opt.batch * songs[0].duration), flush=True)
    composer.close()
    save_sharded(net.state_dict(), opt.out, "classifier", torch.bfloat16)
    result = dict(measure(net.eval(), synth, opt.held_out), steps=step, seconds=time.time() - began, rate=RATE)
    with open(os.path.join(opt.out, "report.json"), "w") as file:
        json.dump(result, file, indent=1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Flow-matching sampler of the base/SFT family: schedules, guidance, solvers, repaint and cover hooks."""
import math

import torch

PROJECTION_EPS = 1e-12


def schedule(steps, shift):
    """steps + 1 noise levels from 1 to 0."""
    t = torch.linspace(1.0, 0.0, steps + 1)
    return t if shift == 1.0 else shift * t / (1 + (shift - 1) * t)


class Apg:
    """Adaptive projected guidance; reductions run over time, per channel; momentum lasts for the whole run."""

    def __init__(self, momentum=-0.75, threshold=2.5, eta=0.0):
        self.momentum, self.threshold, self.eta, self.run = momentum, threshold, eta, 0.0

    def __call__(self, conditional, null, scale):
        difference = conditional - null
        if self.momentum is not None:
            self.run = difference + self.momentum * self.run
            difference = self.run
        if self.threshold > 0:
            norm = difference.norm(dim=1, keepdim=True)
            difference = difference * torch.clamp(self.threshold / norm, max=1.0)
        unit = conditional.double()
        unit = unit / unit.norm(dim=1, keepdim=True).clamp(min=PROJECTION_EPS)
        parallel = (difference.double() * unit).sum(1, keepdim=True) * unit
        orthogonal = (difference.double() - parallel).to(conditional.dtype)
        return conditional + (scale - 1) * (orthogonal + self.eta * parallel.to(conditional.dtype))


def adg(x, conditional, null, sigma, scale, clip=3.14 / 6):
    """Angle-based guidance, per frame over the channels."""
    weight = max(scale - 1.0, 0.0) + 1e-3
    a, b = x - sigma * conditional, x - sigma * null
    ad, bd = a.double(), b.double()
    cosine = (ad * bd).sum(-1, keepdim=True) / (ad.norm(dim=-1, keepdim=True) * bd.norm(dim=-1, keepdim=True))
    angle = torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))
    turned = (weight * angle).clamp(-clip, clip)
    delta = a - b
    rest = delta - (delta * b).sum(-1, keepdim=True) / ((b * b).sum(-1, keepdim=True) + 1e-8) * b
    sine = torch.sin(angle)
    gain = torch.where(sine > 1e-3, torch.sin(turned) / sine, torch.full_like(sine, weight))
    clean = torch.cos(turned).to(x.dtype) * a + rest * gain.to(x.dtype)
    return (x - clean) / sigma


def wavelet_correction(x, denoised, t, mode="double", scaler=0.05, high_scaler=0.02):
    """Haar DCW of one step, in closed form."""
    if mode == "pix":
        return x + scaler * (x - denoised)
    low = 0.0 if mode == "high" else t * scaler
    high = {"low": 0.0, "high": (1 - t) * scaler, "double": (1 - t) * high_scaler}[mode]
    frames = x.shape[1]
    delta = torch.nn.functional.pad(x - denoised, (0, 0, 0, frames % 2))
    a, b = delta[:, 0::2], delta[:, 1::2]
    mean, difference = low * (a + b) / 2, high * (a - b) / 2
    return x + torch.stack([mean + difference, mean - difference], dim=2).flatten(1, 2)[:, :frames]


def clamp_velocity(v, x, threshold):
    """Limit |v| to threshold * |x| per sample."""
    ratio = threshold * (x.norm(dim=(1, 2), keepdim=True) + 1e-10) / (v.norm(dim=(1, 2), keepdim=True) + 1e-10)
    return v * ratio.clamp(max=1.0)


def repaint_inject(x, clean, noise, level, inside):
    """Outside the repainted zone put the source at the given noise level."""
    return torch.where(inside.unsqueeze(-1), x, level * noise + (1 - level) * clean)


def repaint_weights(inside, ramp):
    """1 inside the zone, linear ramps of `ramp` frames outside of it, 0 elsewhere; inside [B, T] boolean."""
    weights = inside.float()
    for row, zone in zip(weights, inside):
        where = zone.nonzero().flatten()
        if len(where) == 0 or len(where) == len(zone):
            continue
        begin, end = int(where[0]), int(where[-1]) + 1
        left, right = min(ramp, begin), min(ramp, len(zone) - end)
        row[begin - left:begin] = torch.arange(1, left + 1, dtype=row.dtype, device=row.device) / (left + 1)
        row[end:end + right] = 1 - torch.arange(1, right + 1, dtype=row.dtype, device=row.device) / (right + 1)
    return weights


class Conditions:
    """Condition tokens and context latents of one phase."""

    def __init__(self, tokens, context):
        self.tokens, self.context = tokens, context


class Velocity:
    """Calls the DiT on [conditional; null] rows and applies guidance."""

    def __init__(self, model, scale, interval, use_adg, trace):
        self.model, self.scale, self.interval = model, scale, interval
        self.use_adg, self.apg, self.trace = use_adg, Apg(), trace
        self.guided = scale > 1.0

    def raw(self, x, t, conditions):
        """(conditional, null or None) velocities at noise level t."""
        tokens, context, rows = conditions.tokens, conditions.context, x
        if self.guided:
            tokens = torch.cat([tokens, self.model.null_condition_emb.to(tokens.dtype).expand_as(tokens)])
            context, rows = torch.cat([context, context]), torch.cat([x, x])
        level = torch.full((rows.shape[0],), float(t), device=x.device)
        v = self.model.decoder(rows, context, tokens, level)
        if self.trace is not None:
            self.trace.append((rows, v, float(t)))
        return (v[:x.shape[0]], v[x.shape[0]:]) if self.guided else (v, None)

    def active(self, t):
        bounds = torch.tensor([self.interval[0], t, self.interval[1]], dtype=torch.float32)  # compared in float32
        return self.guided and bool(bounds[0] <= bounds[1] <= bounds[2])

    def __call__(self, x, t, conditions):
        conditional, null = self.raw(x, t, conditions)
        if not self.active(t):
            return conditional
        if self.use_adg:
            return adg(x, conditional, null, t, self.scale)
        return self.apg(conditional, null, self.scale)

    def corrector(self, x, t, conditions):
        """Heun's second evaluation uses plain guidance (or ADG where it is defined)."""
        conditional, null = self.raw(x, t, conditions)
        if not self.active(t):
            return conditional
        if self.use_adg and t > 0:
            return adg(x, conditional, null, t, self.scale)
        return null + self.scale * (conditional - null)


def generate(model, conditions, noise, steps=50, shift=1.0, scale=7.0, interval=(0.0, 1.0), use_adg=False,
             timesteps=None, method="ode", solver="euler", norm_threshold=0.0, ema=0.0, dcw=None, sde_noise=None,
             other=None, cover_strength=1.0, cover_noise_strength=0.0, source=None, repaint=None, trace=None):
    """Sample clean latents.

    conditions, other: Conditions before and after step int(n * cover_strength); dcw: None or (mode, low, high);
    repaint: None or dict(clean, inside, ratio, ramp); source: latents for cover_noise_strength;
    sde_noise: one draw per step; trace: list that receives (rows, velocity, t) of every DiT call.
    """
    levels = (schedule(steps, shift) if timesteps is None else torch.as_tensor(timesteps).float()).tolist()
    x = noise
    if cover_noise_strength > 0:
        first = min(range(len(levels) - 1), key=lambda i: abs(levels[i] - (1 - cover_noise_strength)))
        levels = levels[first:]
        x = levels[0] * noise + (1 - levels[0]) * source
    count = len(levels) - 1
    switch = int(count * cover_strength)
    velocity = Velocity(model, scale, interval, use_adg, trace)
    previous = None
    for k in range(count):
        t, following = levels[k], levels[k + 1]
        if other is not None and k >= switch:
            conditions = other
        v = velocity(x, t, conditions)
        v = clamp_velocity(v, x, norm_threshold) if norm_threshold > 0 else v
        v = (1 - ema) * v + ema * previous if ema > 0 and previous is not None else v
        before, evaluated = x, v
        if method == "sde":
            following = 1 - (k + 1) / count
            x = following * sde_noise[k] + (1 - following) * (x - t * v)
        else:
            if solver == "heun":
                predicted = x - v * (t - following)
                second = velocity.corrector(predicted, following, conditions)
                second = clamp_velocity(second, predicted, norm_threshold) if norm_threshold > 0 else second
                second = (1 - ema) * second + ema * v if ema > 0 else second
                v = (v + second) / 2
            x = x - v * (t - following)
        if dcw is not None:
            x = wavelet_correction(x, before - t * evaluated, t, *dcw)
        previous = v
        if repaint is not None and k < round(repaint["ratio"] * count):
            x = repaint_inject(x, repaint["clean"], noise, following, repaint["inside"])
    if repaint is not None and repaint["ramp"] > 0:
        weights = repaint_weights(repaint["inside"], repaint["ramp"]).unsqueeze(-1)
        x = weights * x + (1 - weights) * repaint["clean"]
    return x


def mix_noise(first, second, variance):
    """Retake: blend two draws on the sphere."""
    return math.cos(variance * math.pi / 2) * first + math.sin(variance * math.pi / 2) * second

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


def flow_edit(model, source_conditions, target_conditions, source, draws, steps, shift=1.0, scale=7.0, window=(0.0, 1.0),
              averages=1):
    """Morph `source` from one description to another.

    Inside the window z moves by the difference of the two guided velocities; after it the target alone is denoised.
    draws: noise of every evaluation, in order. Each branch has its own guidance momentum, advanced once per step.
    """
    levels = schedule(steps, shift).tolist()
    first, last = int(steps * window[0]), int(steps * window[1])
    branches = [Velocity(model, scale, (0.0, 1.0), False, None) for _ in range(2)]
    draws, z, y = iter(draws), source, None
    for i in range(first, steps):
        t, dt = levels[i], levels[i + 1] - levels[i]
        if i >= last:
            if y is None:
                y = z + t * (next(draws) - source)
            y = y + dt * branches[1](y, t, target_conditions)
            continue
        kept, total, difference = [branch.apg.run for branch in branches], [0.0, 0.0], [0.0, 0.0]
        for _ in range(averages):
            noisy = (1 - t) * source + t * next(draws)
            for side, (x, conditions) in enumerate(((noisy, source_conditions), (z + noisy - source, target_conditions))):
                branch = branches[side]
                branch.apg.run = kept[side]
                conditional, null = branch.raw(x, t, conditions)
                if branch.guided:
                    total[side] = total[side] + branch.apg(conditional, null, scale) / averages
                    difference[side] = difference[side] + (conditional - null) / averages
                else:
                    total[side] = total[side] + conditional / averages
        if branches[0].guided:
            for branch, run, mean in zip(branches, kept, difference):
                branch.apg.run = mean + branch.apg.momentum * run
        z = z + dt * (total[1] - total[0])
    return z if y is None else y


def cuda_noise(seed, count, blocks=1056):
    """The normals torch.randn draws on an NVIDIA GPU: Philox4x32-10, element i is lane (i // G) % 4 of thread i % G."""
    import numpy as np
    grid = 256 * min((count + 255) // 256, blocks)
    index = np.arange(count, dtype=np.uint64)
    thread, turn = index % grid, index // grid
    mask = np.uint64(0xFFFFFFFF)
    c = [turn // np.uint64(4), np.zeros_like(thread), thread & mask, thread >> np.uint64(32)]
    key = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ key[0], b & mask, (a >> np.uint64(32)) ^ c[3] ^ key[1], a & mask]
        key = [(key[0] + np.uint64(0x9E3779B9)) & mask, (key[1] + np.uint64(0xBB67AE85)) & mask]
    lane = turn % np.uint64(4)
    first, second = np.where(lane < 2, c[0], c[2]), np.where(lane < 2, c[1], c[3])
    u = first.astype(np.float32) * np.float32(2.0 ** -32) + np.float32(2.0 ** -33)
    angle = second.astype(np.float32) * np.float32(2 * np.pi * 2.0 ** -32) + np.float32(2 * np.pi * 2.0 ** -33)
    radius = np.sqrt(-2 * np.log(u.astype(np.float32)))
    return torch.from_numpy(np.where(lane % np.uint64(2) == 0, radius * np.sin(angle), radius * np.cos(angle)).astype(np.float32))

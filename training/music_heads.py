"""Helper losses of stage 2: beat, harmony and drums told from the codes and from the middle of the DiT."""
import torch
import torch.nn.functional as F
from torch import nn

from .music.features import BASS, CHROMA, COUNT, ONSETS, PHASES

CODE_FRAMES = 5                 # latent frames of a code
PATCH_FRAMES = 2                # latent frames of a DiT patch


class MusicHeads(nn.Module):
    """One linear layer each; neither is part of the exported model."""

    def __init__(self, code_width, state_width):
        super().__init__()
        self.codes = nn.Linear(code_width, CODE_FRAMES * COUNT)
        self.state = nn.Linear(state_width, PATCH_FRAMES * COUNT)


def music_loss(told, features):
    """told [B, n, k * 31] for k frames each against features [B, n * k (or fewer), 31]; one number, about 1 when nothing
    is known: squared error of the phases, cross-entropy of the rest, onsets where they happen weighing most."""
    frames = features.shape[1]
    told = told.unflatten(-1, (-1, COUNT)).flatten(1, 2)[:, :frames].float()
    phases = (told[..., PHASES] - features[..., PHASES]).pow(2).mean()
    pitch = sum(F.binary_cross_entropy_with_logits(told[..., part], features[..., part]) for part in (CHROMA, BASS))
    onsets = features[..., ONSETS]
    drums = F.binary_cross_entropy_with_logits(told[..., ONSETS], onsets, weight=1 + 5 * onsets)
    return phases + pitch + drums

"""python3 -m unittest reference.tests.test_reference (the goldens are replayed by reference.check_golden)."""
import os
import tempfile
import unittest

import torch

from reference import sampler
from reference.conditioning import Fsq
from reference.layers import window_allowed
from reference.safetensors_io import load_file, save_file
from reference.vae import Conv, TransposedConv, Vae

SMALL_VAE = dict(audio_channels=2, channel_multiples=[1, 2], decoder_channels=4, decoder_input_channels=3,
                 downsampling_ratios=[2, 4], encoder_hidden_size=6, sampling_rate=48000)


class Safetensors(unittest.TestCase):
    def test_round_trip_keeps_types_shapes_and_values(self):
        tensors = {"a": torch.randn(3, 5), "b": torch.randn(2, 2).to(torch.bfloat16), "c": torch.arange(4), "empty": torch.zeros(0, 3)}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.safetensors")
            save_file(tensors, path)
            back = load_file(path)
        self.assertEqual(set(back), set(tensors))
        for name, value in tensors.items():
            self.assertEqual(back[name].dtype, value.dtype)
            self.assertTrue(torch.equal(back[name], value))


class Fsq3(unittest.TestCase):
    def test_worked_example_of_the_specification(self):
        fsq = Fsq(6, [8, 8, 8, 5, 5, 5])
        with torch.no_grad():
            fsq.project_in.weight.copy_(torch.eye(6))
            fsq.project_in.bias.zero_()
            codes = fsq(torch.tensor([[0.] * 6, [.3, -.7, 1.5, -2, .9, .2], [-3, 3, -.1, .1, -.6, .6]]))[1]
        self.assertEqual(codes.tolist(), [32036, 36301, 42232])

    def test_gradient_passes_the_rounding(self):
        fsq = Fsq(4, [8, 5])
        x = torch.randn(7, 4, requires_grad=True)
        fsq(x)[0].sum().backward()
        self.assertGreater(float(x.grad.abs().sum()), 0)


class Sampler(unittest.TestCase):
    def test_apg_matches_the_worked_example(self):
        guide = sampler.Apg()
        row = lambda *v: torch.tensor(v).view(1, -1, 1)                         # noqa: E731
        first = guide(row(1., 2., -1.), row(.5, 2.5, 0.), 7.0)
        self.assertTrue(torch.allclose(first.flatten(), torch.tensor([3.5, -2, -6.5]), atol=1e-5))
        second = guide(row(.8, 1.5, -.5), row(.9, 1., .5), 7.0)
        self.assertTrue(torch.allclose(second.flatten(), torch.tensor([-3.666561, 3.718949, -.98965]), atol=1e-5))

    def test_repaint_ramps_lie_outside_the_zone(self):
        inside = torch.zeros(1, 12, dtype=torch.bool)
        inside[0, 5:8] = True
        expected = torch.tensor([0, 0, .25, .5, .75, 1, 1, 1, .75, .5, .25, 0])
        self.assertTrue(torch.allclose(sampler.repaint_weights(inside, 3)[0], expected))

    def test_window_includes_both_ends(self):
        self.assertEqual(window_allowed(6, 2, "cpu").sum(1).tolist(), [3, 4, 5, 5, 4, 3])


class Autoencoder(unittest.TestCase):
    def test_lengths_and_names(self):
        vae = Vae(SMALL_VAE)
        mean, std = vae.encode(torch.randn(1, 2, 8 * 5 + 3))
        self.assertEqual(list(mean.shape), [1, 3, 5])
        self.assertGreater(float(std.min()), 0)
        self.assertEqual(list(vae.decode(mean).shape), [1, 2, 40])
        self.assertIn("decoder.block.0.conv_t1.weight_g", vae.state_dict())

    def test_planar_layout_gives_the_same_result(self):
        x = torch.randn(2, 4, 30)
        for layer in (Conv(4, 6, 7, padding=9, dilation=3), TransposedConv(4, 6, 8, 4, 2)):
            self.assertTrue(torch.allclose(layer(x), layer(x.unsqueeze(2)).squeeze(2), atol=1e-6))


if __name__ == "__main__":
    unittest.main()

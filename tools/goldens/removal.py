"""
Exports of LaMa's and MI-GAN's generators with random weights, and what ONNX Runtime in Python makes of a half-masked image:
for the tests of removal models, whose published weights nobody here may redistribute. Written from the published
architectures: Suvorov et al. 2021 (FFCResNetGenerator of big-lama) and Sargsyan et al. 2023 (MI-GAN's inference form).

    python tools/goldens/removal.py            small ones into goldens/removal/
    python tools/goldens/removal.py --true DIR  at true width and 512 x 512, with their expected values, into DIR

Requirements: tools/goldens/requirements.txt, and onnx 1.19.1, onnxruntime 1.23.2.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional as F


# LaMa. Fourier transforms as products with matrices, as exports write them: torch.fft has no ONNX operator here.
def dft(n):
    k = torch.arange(n, dtype=torch.float64)
    angle = 2 * math.pi * torch.outer(k, k) / n
    return (torch.cos(angle) / math.sqrt(n)).float(), (torch.sin(angle) / math.sqrt(n)).float()


class FourierUnit(nn.Module):
    """rfft2 (orthonormal), a 1x1 convolution over real and imaginary parts, irfft2; by Einsum and a reversed Slice."""

    def __init__(self, channels, side):
        super().__init__()
        self.side = side
        self.conv = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)
        cos, sin = dft(side)
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin)

    def forward(self, x):
        b, c, n, half = x.shape[0], x.shape[1], self.side, self.side // 2 + 1
        cos, sin = self.cos, self.sin
        # Rows to half of the frequencies, then columns: exp(-i a) = cos a - i sin a.
        re, im = torch.einsum("bchw,wk->bchk", x, cos[:, :half]), -torch.einsum("bchw,wk->bchk", x, sin[:, :half])
        rows = lambda m, v: torch.einsum("kh,bchw->bckw", m, v)
        re, im = rows(cos, re) + rows(sin, im), rows(cos, im) - rows(sin, re)
        y = torch.stack((re, im), dim=2).reshape(b, 2 * c, n, half)
        y = F.relu(self.bn(self.conv(y))).reshape(b, c, 2, n, half)
        re, im = y[:, :, 0], y[:, :, 1]
        # Back: columns, then the other half by conjugate symmetry, then rows.
        re, im = rows(cos, re) - rows(sin, im), rows(cos, im) + rows(sin, re)
        mirror = Reverse.apply
        re = torch.cat((re, mirror(re[..., 1 : half - 1])), dim=-1)
        im = torch.cat((im, -mirror(im[..., 1 : half - 1])), dim=-1)
        return torch.einsum("bchk,kw->bchw", re, cos) - torch.einsum("bchk,kw->bchw", im, sin)


class Reverse(torch.autograd.Function):
    """The last axis backwards, exported as a Slice with step -1, which torch itself cannot express."""

    @staticmethod
    def forward(ctx, x):
        return torch.flip(x, (-1,))

    @staticmethod
    def symbolic(g, x):
        ints = lambda v: g.op("Constant", value_t=torch.tensor([v], dtype=torch.int64))
        return g.op("Slice", x, ints(-1), ints(-(2**63) + 1), ints(3), ints(-1)).setType(x.type())


class SpectralTransform(nn.Module):
    def __init__(self, inner, outer, side):
        super().__init__()
        half = outer // 2
        self.conv1 = nn.Sequential(nn.Conv2d(inner, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU())
        self.fu = FourierUnit(half, side)
        self.conv2 = nn.Conv2d(half, outer, 1, bias=False)

    def forward(self, x):
        x = self.conv1(x)
        return self.conv2(x + self.fu(x))


class FFC(nn.Module):
    """Local and global channels, three quarters of them global; the two exchange by 3x3 convolutions."""

    def __init__(self, width, side):
        super().__init__()
        wide = width * 3 // 4
        near = width - wide
        conv = lambda a, b: nn.Conv2d(a, b, 3, padding=1, padding_mode="reflect", bias=False)
        self.l2l, self.l2g, self.g2l = conv(near, near), conv(near, wide), conv(wide, near)
        self.g2g = SpectralTransform(wide, wide, side)
        self.bn_l, self.bn_g = nn.BatchNorm2d(near), nn.BatchNorm2d(wide)

    def forward(self, near, wide):
        l = self.l2l(near) + self.g2l(wide)
        g = self.l2g(near) + self.g2g(wide)
        return F.relu(self.bn_l(l)), F.relu(self.bn_g(g))


class FFCBlock(nn.Module):
    def __init__(self, width, side):
        super().__init__()
        self.conv1, self.conv2 = FFC(width, side), FFC(width, side)

    def forward(self, near, wide):
        l, g = self.conv2(*self.conv1(near, wide))
        return near + l, wide + g


class Lama(nn.Module):
    """`image` 0..1, `mask` 1 in the hole -> 0..255, as Carve/LaMa-ONNX wraps big-lama."""

    def __init__(self, base=64, blocks=18, size=512):
        super().__init__()
        norm = lambda n: (nn.BatchNorm2d(n), nn.ReLU())
        self.stem = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(4, base, 7, bias=False), *norm(base))
        down = []
        for i in range(3):
            a, b = base * 2**i, base * 2 ** (i + 1)
            down += [nn.Conv2d(a, b, 3, 2, 1, padding_mode="reflect", bias=False), *norm(b)]
        self.down = nn.Sequential(*down)
        self.wide = base * 8 * 3 // 4
        self.blocks = nn.ModuleList(FFCBlock(base * 8, size // 8) for _ in range(blocks))
        up = []
        for i in reversed(range(3)):
            a, b = base * 2 ** (i + 1), base * 2**i
            up += [nn.ConvTranspose2d(a, b, 3, 2, 1, output_padding=1), *norm(b)]
        self.up = nn.Sequential(*up, nn.ReflectionPad2d(3), nn.Conv2d(base, 3, 7), nn.Sigmoid())

    def forward(self, image, mask):
        x = self.down(self.stem(torch.cat((image * (1 - mask), mask), 1)))
        near, wide = x[:, : -self.wide], x[:, -self.wide :]
        for block in self.blocks:
            near, wide = block(near, wide)
        y = self.up(torch.cat((near, wide), 1))
        return torch.clamp((mask * y + (1 - mask) * image) * 255, 0, 255)


# MI-GAN
def lrelu(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Resample(nn.Module):
    """[1, 3, 3, 1] along both axes, down or up by two."""

    def __init__(self, channels, up):
        super().__init__()
        line = torch.tensor([1.0, 3.0, 3.0, 1.0])
        kernel = torch.outer(line, line)
        kernel = kernel / kernel.sum() * (4 if up else 1)
        self.register_buffer("kernel", kernel.expand(channels, 1, 4, 4).clone())
        self.up, self.channels = up, channels

    def forward(self, x):
        if self.up:
            return F.conv_transpose2d(x, self.kernel, stride=2, padding=1, groups=self.channels)
        return F.conv2d(x, self.kernel, stride=2, padding=1, groups=self.channels)


class Separable(nn.Module):
    def __init__(self, a, b, side=None, down=False, up=False):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(a, a, 3, padding=1, groups=a), nn.Conv2d(a, b, 1)
        self.down = Resample(a, False) if down else None
        self.up = Resample(b, True) if up else None
        self.noise = None if side is None else nn.Parameter(torch.randn(side, side) * 0.1)

    def forward(self, x):
        x = lrelu(self.conv1(x))
        if self.down is not None:
            x = self.down(x)
        x = self.conv2(x)
        if self.up is not None:
            x = self.up(x)
        if self.noise is not None:
            x = x + self.noise
        return lrelu(x)


class SynthesisBlock(nn.Module):
    def __init__(self, a, b, side, first=False):
        super().__init__()
        self.conv1 = Separable(a, b, None if first else side, up=not first)
        self.conv2 = Separable(b, b, side)
        self.torgb = nn.Conv2d(b, 3, 1)
        self.upsample = None if first else Resample(3, True)

    def forward(self, x, feature, image):
        x = self.conv2(self.conv1(x) + feature)
        rgb = self.torgb(x)
        return x, rgb if self.upsample is None else self.upsample(image) + rgb


class Migan(nn.Module):
    """[mask - 0.5, image * mask] -> image in -1..1; mask 1 where the image is known."""

    def __init__(self, size=512, base=32768, most=512):
        super().__init__()
        sides = [size // 2**i for i in range(int(math.log2(size)) - 1)]  # size ... 4
        width = {side: min(base // side, most) for side in sides}
        self.fromrgb = nn.Conv2d(4, width[size], 1)
        self.enc1 = nn.ModuleList(Separable(width[s], width[s]) for s in sides)
        self.enc2 = nn.ModuleList(
            Separable(width[s], width[s // 2] if s > 4 else width[s], down=s > 4) for s in sides
        )
        self.synthesis = nn.ModuleList(
            SynthesisBlock(width[s] if s == 4 else width[s // 2], width[s], s, s == 4) for s in reversed(sides)
        )

    def forward(self, x):
        x = lrelu(self.fromrgb(x))
        features = []
        for one, two in zip(self.enc1, self.enc2):
            x = one(x)
            features.append(x)
            x = two(x)
        image = None
        for block in self.synthesis:
            x, image = block(x, features.pop(), image)
        return image


def randomised(model, seed):
    """Weights that keep values in range, and running statistics that are not those of a fresh network."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            fan = module.weight[0].numel() if isinstance(module, nn.Conv2d) else module.weight.shape[0] * 2
            nn.init.normal_(module.weight, 0, 1 / math.sqrt(fan), generator=generator)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1, generator=generator)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1, generator=generator)
            nn.init.uniform_(module.running_var, 0.5, 2, generator=generator)
    return model.eval()


def export(model, inputs, names, output, path, opset):
    with torch.no_grad():
        torch.onnx.export(model, inputs, str(path), input_names=names, output_names=[output], opset_version=opset, dynamo=False)


def picture(size):
    """Colours that vary, its right half to be removed."""
    y, x = np.mgrid[0:size, 0:size]
    rgb = np.stack(((x * 5 + y) % 256, (x + y * 3) % 256, (x * y) % 256), -1).astype(np.uint8)
    hole = np.zeros((size, size), np.uint8)
    hole[:, size // 2 :] = 255
    return rgb, hole


def planes(array):
    return np.ascontiguousarray(array.transpose(2, 0, 1)[None])


def lama_golden(path, base, blocks, size):
    model = randomised(Lama(base, blocks, size), 1)
    rgb, hole = picture(size)
    image = (planes(rgb) / 255).astype(np.float32)
    mask = (hole[None, None] / 255).astype(np.float32)
    export(model, (torch.from_numpy(image), torch.from_numpy(mask)), ["image", "mask"], "output", path, 17)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"image": image, "mask": mask})
    ops = {node.op_type for node in onnx.load(path).graph.node}
    assert "Einsum" in ops and "Slice" in ops, ops
    return output[0]


CUT = ("/Concat_23_output_0", "/model/synthesis/b512/Add_1_output_0")


def wrapped(path):
    """Puts a program around the generator, as migan_pipeline_v2.onnx has: bytes in and out, and a look for the hole."""
    model = onnx.load(path)
    graph = model.graph
    source, target = graph.input[0].name, graph.output[0].name
    for node in graph.node:
        node.input[:] = [CUT[0] if name == source else name for name in node.input]
        node.input[:] = [CUT[1] if name == target else name for name in node.input]
        node.output[:] = [CUT[1] if name == target else name for name in node.output]
    constant = lambda name, values, kind=TensorProto.FLOAT: helper.make_tensor(name, kind, [], values)
    graph.initializer.extend([constant("c255", [255.0]), constant("c127", [127.5]), constant("c1", [1.0]), constant("c05", [0.5])])
    node = helper.make_node
    before = [
        node("NonZero", ["mask"], ["found"]),
        node("Cast", ["image"], ["bytes"], to=TensorProto.FLOAT),
        node("Cast", ["mask"], ["keep"], to=TensorProto.FLOAT),
        node("Div", ["keep", "c255"], ["known"]),
        node("Div", ["bytes", "c127"], ["scaled"]),
        node("Sub", ["scaled", "c1"], ["rgb"]),
        node("Mul", ["rgb", "known"], ["masked"]),
        node("Sub", ["known", "c05"], ["first"]),
        node("Concat", ["first", "masked"], [CUT[0]], axis=1),
    ]
    after = [
        node("Add", [CUT[1], "c1"], ["shifted"]),
        node("Mul", ["shifted", "c127"], ["spread"]),
        node("Clip", ["spread"], ["clipped"]),
        node("Cast", ["clipped"], ["result"], to=TensorProto.UINT8),
    ]
    nodes = list(graph.node)
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(before + nodes + after)
    sides = ["height", "width"]
    graph.input.extend([
        helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 3, *sides]),
        helper.make_tensor_value_info("mask", TensorProto.UINT8, [1, 1, *sides]),
    ])
    graph.output.extend([helper.make_tensor_value_info("result", TensorProto.UINT8, [1, 3, *sides])])
    onnx.save(model, path)


def migan_golden(path, size, base, most):
    model = randomised(Migan(size, base, most), 2)
    rgb, hole = picture(size)
    known = (1 - hole[None, None] / 255).astype(np.float32)
    x = np.concatenate((known - 0.5, (planes(rgb) / 127.5 - 1).astype(np.float32) * known), 1)
    export(model, (torch.from_numpy(x),), ["input"], "output", path, 12)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": x})
    return (output[0] + 1) * 127.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--true", type=Path)
    chosen = parser.parse_args().true
    folder = chosen or Path("goldens/removal")
    sizes = (64, 18, 512, 512, 32768, 512) if chosen else (4, 2, 32, 32, 256, 16)
    folder.mkdir(parents=True, exist_ok=True)
    base, blocks, side, migan_side, migan_base, most = sizes
    values = {}
    with torch.no_grad():
        lama = lama_golden(folder / "lama_fp32.onnx", base, blocks, side)
        migan = migan_golden(folder / "migan.onnx", migan_side, migan_base, most)
    values = {"lama": lama, "migan": migan}
    (folder / "migan_pipeline_v2.onnx").write_bytes((folder / "migan.onnx").read_bytes())
    wrapped(folder / "migan_pipeline_v2.onnx")
    (folder / "migan.onnx").rename(folder / "generator-migan.onnx")
    about = {}
    for name, output in values.items():
        output.astype("<f4").tofile(folder / f"{name}.f32")
        about[name] = {"shape": list(output.shape), "mean": float(output.mean())}
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    for name, model in (("lama", Lama()), ("migan", Migan())):
        print(name, "parameters at true size:", sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    main()

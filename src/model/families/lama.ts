/**
 * LaMa (Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", 2021) as exported to ONNX by
 * Carve/LaMa-ONNX and those after it: `image` [1, 3, H, W] in 0 … 1, `mask` [1, 1, H, W] with 1 for the hole, and an image
 * in 0 … 255.
 */
import { GraphError } from '../../graph/onnx/tensors';
import { holePlane, knownPlanes, removalFamily } from './removalExport';

export const lama = removalFamily({
  id: 'lama',
  className: 'LaMa',
  choose(paths) {
    const exports = paths.filter((path) => /^(big-?)?lama[\w.-]*\.onnx$/i.test(path));
    // Carve/LaMa-ONNX has two: `lama.onnx` has Fourier transforms of an opset that loads nowhere.
    return exports.find((path) => /fp32/i.test(path)) ?? exports[0];
  },
  ports(inputs, outputs) {
    const [image] = inputs.filter(({ name }) => /image|img/i.test(name));
    const [mask] = inputs.filter(({ name }) => /mask/i.test(name));
    const [output] = outputs;
    if (image && mask && output && inputs.length === 2) return { inputs: [image, mask], output };
    throw new GraphError(
      `the export takes ${inputs.map(({ name }) => name).join(', ')}, not an image and its mask; name another export of LaMa`,
    );
  },
  feeds(image, hole, { inputs: [pictures, masks] }) {
    const size = [image.height, image.width];
    return {
      [pictures?.name ?? 'image']: {
        values: knownPlanes(image, hole, (byte) => byte / 255),
        dims: [1, 3, ...size],
      },
      [masks?.name ?? 'mask']: { values: holePlane(hole), dims: [1, 1, ...size] },
    };
  },
  toByte: (value) => value,
});

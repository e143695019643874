/**
 * MI-GAN (Sargsyan et al., "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", 2023). Its generator takes
 * [1, 4, H, W]: first what is known as 0.5 and the hole as −0.5, then the image in −1 … 1, 0 in the hole; it gives an image
 * in −1 … 1. The exported program around it, which crops, pastes and blurs the seam, is left out.
 */
import { GraphError } from '../../graph/onnx/tensors';
import { holePlane, knownPlanes, removalFamily } from './removalExport';

export const migan = removalFamily({
  id: 'migan',
  className: 'MI-GAN',
  choose(paths) {
    const exports = paths.filter((path) => /mi-?gan[\w.-]*\.onnx$/i.test(path));
    // migan.onnx has a program around the generator, too, whose values have other names.
    return exports.find((path) => /pipeline_v2/i.test(path)) ?? exports[0];
  },
  // Of migan_pipeline_v2.onnx (andraniksargsyan/migan).
  cut: {
    from: '/Concat_23_output_0',
    to: '/model/synthesis/b512/Add_1_output_0',
    dims: [1, 4, 'height', 'width'],
  },
  ports(inputs, outputs) {
    const [input] = inputs;
    const [output] = outputs;
    if (input && output && inputs.length === 1 && input.dims[1] === 4) return { inputs: [input], output };
    throw new GraphError(
      `the export takes ${inputs.map(({ name }) => name).join(', ')}, not four planes of mask and image; name ` +
        'andraniksargsyan/migan with its migan_pipeline_v2.onnx, or a bare generator',
    );
  },
  feeds(image, hole, { inputs: [port] }) {
    const plane = image.width * image.height;
    const values = new Float32Array(4 * plane);
    values.set(holePlane(hole).map((isHole) => 0.5 - isHole));
    values.set(
      knownPlanes(image, hole, (byte) => byte / 127.5 - 1),
      plane,
    );
    return { [port?.name ?? 'input']: { values, dims: [1, 4, image.height, image.width] } };
  },
  toByte: (value) => (value + 1) * 127.5,
});

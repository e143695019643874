/**
 * Every node of the networks runs on the WebGPU provider: sessions are created with ONNX Runtime's
 * `session.disable_cpu_ep_fallback`, which makes the creation fail where a node was placed on the CPU. (Mesa's llvmpipe
 * under Node; placement depends on types and operators, not on the adapter.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenConfig, goldenModels, goldenWeights } from '../../test/support/goldenGraph';
import { type NodeWebgpu, openNodeWebgpu } from '../../test/support/nodeWebgpu';
import { openOnWebgpu, webgpuTarget, weightsIn } from '../../test/support/webgpuGraph';
import { parseVaeConfig } from '../model/configs/autoencoderKl';
import { parseClipTextConfig } from '../model/configs/clipText';
import { parseUnet2dConfig } from '../model/configs/unet2d';
import { buildVaeDecoder, buildVaeEncoder } from './networks/autoencoderKl';
import { buildClipText } from './networks/clipText';
import { buildUnet2d } from './networks/unet2d';
import { GraphBuilder } from './onnx/builder';
import { checkpointTensors } from './onnx/tensors';

const found = await openNodeWebgpu();

describe.skipIf('skip' in found)('placement on WebGPU', { timeout: 600_000 }, () => {
  let webgpu: NodeWebgpu;
  let device: GPUDevice;
  beforeAll(async () => {
    if ('skip' in found) return;
    webgpu = found.webgpu;
    device = await webgpu.openDevice({ subgroups: false });
  });
  afterAll(() => device.destroy());

  it('is refused for a graph with a node that only the CPU can run', async () => {
    const target = webgpuTarget('fp32', true);
    const g = new GraphBuilder('control', checkpointTensors('control', new Map(), 'fp32', /^$/), target);
    g.output('y', g.node('Det', [g.input('x', 'float32', ['n', 3, 3])]), ['n']);
    await expect(openOnWebgpu(webgpu, device, g.finish(), new Map())).rejects.toThrow(/CPU/);
  });

  describe.each(goldenModels)('%s', (model) => {
    it.each([
      ['fp16', true],
      ['fp16', false],
      ['fp32', true],
      ['fp32', false],
    ] as const)('is the GPU for every node in %s, fused forms: %s', async (precision, fused) => {
      const target = webgpuTarget(precision, fused);
      const text = weightsIn(precision, goldenWeights(model, 'text_encoder'));
      const unet = weightsIn(precision, goldenWeights(model, 'unet'));
      const vae = weightsIn(precision, goldenWeights(model, 'vae'));
      const vaeConfig = parseVaeConfig(goldenConfig(model, 'vae'));
      const graphs = [
        {
          graph: buildClipText(parseClipTextConfig(goldenConfig(model, 'text_encoder')), text.index, target),
          files: text.files,
        },
        {
          graph: buildUnet2d(parseUnet2dConfig(goldenConfig(model, 'unet')), unet.index, target),
          files: unet.files,
        },
        { graph: buildVaeEncoder(vaeConfig, vae.index, target), files: vae.files },
        { graph: buildVaeDecoder(vaeConfig, vae.index, target), files: vae.files },
      ];
      for (const { graph, files } of graphs) await openOnWebgpu(webgpu, device, graph, files);
    });
  });
});

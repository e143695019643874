import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readExported } from '../../graph/exported/read';
import type { GraphTarget } from '../../graph/types';
import { folderFiles } from '../../node/folder';
import { bytesSource } from '../checkpoint/reader';
import type { CheckpointFiles } from '../files';
import { type MemoryLimits, modelNeeds, refuseTooLarge } from '../memory';
import { encodeSkeleton, exportedComponents, skeletonPath } from './files';

const target: GraphTarget = {
  provider: 'webgpu',
  precision: 'fp32',
  forms: { multiHeadAttention: true, groupNorm: true, biasSplitGelu: false },
};
const MIB = 2 ** 20;
const roomy: MemoryLimits = {
  totalBytes: Number.POSITIVE_INFINITY,
  wholePictureBytes: Number.POSITIVE_INFINITY,
  residentBytes: Number.POSITIVE_INFINITY,
  bufferBytes: Number.POSITIVE_INFINITY,
  reason: '',
};

/** What a download knows before the first byte of weights: configurations, tokenizers, graphs without weights. */
async function planned(name: string): Promise<CheckpointFiles> {
  const folder = `goldens/onnx/${name}`;
  const beside = async (path: string) => {
    const bytes = await readFile(path).catch(() => undefined);
    return bytes && bytesSource(path, new Uint8Array(bytes));
  };
  const skeletons = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const component of exportedComponents) {
    const graph = await beside(`${folder}/${component}/model.onnx`);
    if (graph === undefined) continue;
    const { skeleton } = await readExported(graph, (file) => beside(`${folder}/${component}/${file}`));
    skeletons.set(skeletonPath(component), new TextEncoder().encode(encodeSkeleton(skeleton)));
  }
  const { read } = folderFiles(folder);
  return { name, read: async (path, options) => skeletons.get(path) ?? read(path, options) };
}

async function needsOf(name: string, side: number) {
  const needs = await modelNeeds(await planned(name), target, roomy, { width: side, height: side });
  if (needs === undefined) throw new Error('no needs');
  return needs;
}

describe('what an export needs, before it is fetched', () => {
  it('are the scores of attention, which exports keep whole', async () => {
    const { networks } = await needsOf('inpaint', 512);
    // 2 rows · 2 heads · 4096² places · 4 bytes, as a whole, twice: before softmax and after.
    const scores = 2 * 2 * 4096 ** 2 * 4;
    expect(networks.get('unet')?.largest.bytes).toBe(scores);
    expect(networks.get('unet')?.activationBytes).toBeGreaterThan(2 * scores);
    expect(networks.get('unet')?.activationBytes).toBeLessThan(2.5 * scores);
    // Of the decoder the pictures before its last convolution: 8 channels · 512² · 4 bytes.
    expect(networks.get('vae decoder')?.activationBytes).toBeGreaterThan(2 * 8 * 512 ** 2 * 4);
  });

  it.each(['inpaint', 'inpaint-fp16', 'old', 'xl', 'xl-inpaint', 'lcm'])(
    'follows every size of %s from its graphs',
    async (name) => {
      const [small, large] = [await needsOf(name, 64), await needsOf(name, 128)];
      expect([...small.networks.keys()]).toEqual([
        'text_encoder',
        ...(name.startsWith('xl') ? ['text_encoder_2'] : []),
        'vae encoder',
        'unet',
        'vae decoder',
      ]);
      for (const [network, { weightBytes, activationBytes }] of small.networks) {
        expect(weightBytes, network).toBeGreaterThan(10_000);
        expect(activationBytes, network).toBeGreaterThan(0);
        const ratio = (large.networks.get(network)?.activationBytes ?? 0) / activationBytes;
        // Pictures of four times the size; attention grows with the square of that, what comes of the text not at all.
        if (network.startsWith('text')) expect(ratio).toBe(1);
        else expect(ratio, network).toBeGreaterThan(2.5);
      }
    },
  );

  it('is refused with figures where a buffer is larger than the device allows', async () => {
    const needs = await needsOf('inpaint', 512);
    const limits = { ...roomy, bufferBytes: 128 * MIB };
    expect(() => refuseTooLarge('golden/export', needs, limits)).toThrow(
      /its unet needs a buffer of 0\.3 GB at this picture size, and the graphics device allows 0\.1 GB/,
    );
    expect(() => refuseTooLarge('golden/export', needs, roomy)).not.toThrow();
  });

  it('is not known of a folder that is read as it stands', async () => {
    expect(await modelNeeds(folderFiles('goldens/onnx/inpaint'), target, roomy)).toBeUndefined();
  });
});

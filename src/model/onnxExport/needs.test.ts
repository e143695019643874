import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ofOneSize } from '../../../test/support/exports';
import { externalTensor, inlineTensor, nodeProto, serializeModel, valueInfo } from '../../graph/onnx/proto';
import type { GraphTarget } from '../../graph/onnx/types';
import { readExported } from '../../graph/onnxExport/read';
import { folderFiles } from '../../node/folder';
import { bytesSource } from '../checkpoint/reader';
import { exportFolders } from '../families';
import type { CheckpointFiles } from '../files';
import { type MemoryLimits, modelNeeds, refuseTooLarge } from '../memoryNeeds';
import { encodeSkeleton, skeletonPath } from './files';

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

/** The graph of a network without its weights. */
async function skeletonOf(name: string, component: string): Promise<Uint8Array<ArrayBuffer>> {
  const beside = async (file: string) => {
    const path = `goldens/onnx/${name}/${component}/${file}`;
    const bytes = await readFile(path).catch(() => undefined);
    return bytes && bytesSource(path, new Uint8Array(bytes));
  };
  const graph = await beside('model.onnx');
  if (graph === undefined) throw new Error(`no ${component}`);
  return (await readExported(graph, beside)).skeleton;
}

/** What a download knows before the first byte of weights: configurations, tokenizers, graphs without weights. */
async function planned(
  name: string,
  changed: ReadonlyMap<string, string> = new Map(),
): Promise<CheckpointFiles> {
  const folder = `goldens/onnx/${name}`;
  const skeletons = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const component of exportFolders) {
    // Each family names its own.
    if (!existsSync(`${folder}/${component}`)) continue;
    const text = encodeSkeleton(await skeletonOf(name, component));
    skeletons.set(skeletonPath(component), new TextEncoder().encode(text));
  }
  const { read } = folderFiles(folder);
  return {
    name,
    async read(path, options) {
      const text = changed.get(path);
      return text === undefined
        ? (skeletons.get(path) ?? read(path, options))
        : new TextEncoder().encode(text);
    },
  };
}

/** A UNet of one attention with the sizes of Stable Diffusion 1.5's, as torch 2 exports it; its weights are elsewhere. */
function firstAttention(): Uint8Array {
  const node = (op: string, inputs: string, output: string, attributes = {}) =>
    nodeProto(op, '', output, inputs.split(' '), [output], attributes);
  const heads = (name: string, perm: number[]) => [
    node('MatMul', `tokens to_${name}`, `${name}_rows`),
    node('Reshape', `${name}_rows heads`, `${name}_heads`),
    node('Transpose', `${name}_heads`, `${name}_turned`, { perm }),
  ];
  const weights: [string, number[]][] = [
    ['conv_in.weight', [320, 9, 3, 3]],
    ['conv_out.weight', [4, 320, 3, 3]],
    ...['q', 'k', 'v'].map((name): [string, number[]] => [`to_${name}`, [320, 320]]),
  ];
  const place = { path: 'weights', offset: 0, length: 0 };
  return serializeModel('unet', {
    nodes: [
      node('Conv', 'sample conv_in.weight', 'picture', { pads: [1, 1, 1, 1] }),
      node('Reshape', 'picture columns', 'flat'),
      node('Transpose', 'flat', 'tokens', { perm: [0, 2, 1] }),
      ...heads('q', [0, 2, 1, 3]),
      ...heads('k', [0, 2, 3, 1]),
      ...heads('v', [0, 2, 1, 3]),
      node('Mul', 'q_turned scale', 'q'),
      node('Mul', 'k_turned scale', 'k'),
      node('MatMul', 'q k', 'scores'),
      node('Softmax', 'scores', 'weights', { axis: -1 }),
      node('MatMul', 'weights v_turned', 'mixed'),
      node('Transpose', 'mixed', 'rows', { perm: [0, 1, 3, 2] }),
      node('Shape', 'picture', 'shape'),
      node('Reshape', 'rows shape', 'painted'),
      node('Conv', 'painted conv_out.weight', 'out_sample', { pads: [1, 1, 1, 1] }),
    ],
    initializers: [
      ...weights.map(([name, dims]) => externalTensor(name, 'float32', dims, place)),
      inlineTensor('scale', 'float32', [1], [40 ** -0.25]),
      inlineTensor('columns', 'int64', [3], [0, 320, -1]),
      inlineTensor('heads', 'int64', [4], [0, -1, 8, 40]),
    ],
    inputs: [
      valueInfo('sample', 'float32', ['batch', 9, 'height', 'width']),
      valueInfo('timestep', 'float32', [1]),
      valueInfo('encoder_hidden_states', 'float32', ['batch', 'tokens', 16]),
    ],
    outputs: [valueInfo('out_sample', 'float32', ['batch', 4, 'height', 'width'])],
  });
}

async function needsOf(name: string, side: number) {
  const needs = await modelNeeds(await planned(name), target, roomy, { width: side, height: side });
  if (needs === undefined) throw new Error('no needs');
  return needs;
}

describe('what an export needs, before it is fetched', () => {
  /** As trained at 512 × 512. */
  const large = ['unet/config.json', JSON.stringify({ in_channels: 9, sample_size: 64 })] as const;
  const needsAt512 = async (files: CheckpointFiles) => {
    const needs = await modelNeeds(files, target, roomy, { width: 512, height: 512 });
    if (needs === undefined) throw new Error('no needs');
    return needs;
  };

  it('are the scores of attention in slices', async () => {
    const { networks } = await needsAt512(await planned('inpaint', new Map([large])));
    // 2 rows · 2 heads · 4096² places · 4 bytes are 256 MiB, before softmax and after. In four slices, of whose queries
    // there are three more than asked for, 64 MiB.
    const slice = 2 * 2 * 1025 * 4096 * 4;
    expect(networks.get('unet')?.largest.bytes).toBe(slice);
    expect(networks.get('unet')?.activationBytes).toBeGreaterThan(2 * slice);
    expect(networks.get('unet')?.activationBytes).toBeLessThan(2.5 * slice);
    // Of the decoder the pictures before its last convolution: 8 channels · 512² · 4 bytes.
    expect(networks.get('vae decoder')?.activationBytes).toBeGreaterThan(2 * 8 * 512 ** 2 * 4);
  });

  it('fit the buffers that every device has: the first attention of Stable Diffusion 1.5 at 512 × 512', async () => {
    const skeleton = encodeSkeleton(firstAttention());
    const files = await planned('inpaint', new Map([large, [skeletonPath('unet'), skeleton]]));
    const needs = await needsAt512(files);
    // 2 rows · 8 heads · 4096² places · 4 bytes were 1 GiB.
    expect(needs.networks.get('unet')?.largest.bytes).toBeLessThan(70 * MIB);
    expect(() => refuseTooLarge('golden/export', needs, { ...roomy, bufferBytes: 128 * MIB })).not.toThrow();
  });

  it.each(['inpaint', 'inpaint-fp16', 'old', 'xl', 'xl-inpaint', 'lcm'])(
    'follows every size of %s from its graphs',
    async (name) => {
      const [small, large] = [await needsOf(name, 64), await needsOf(name, 128)];
      expect([...small.networks.keys()]).toEqual([
        'text encoder',
        ...(name.startsWith('xl') ? ['text encoder 2'] : []),
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

  it('put the autoencoder into tiles where a buffer would be too large, unless it takes one size alone', async () => {
    // The scores of its one attention: whole 4096² · 4 bytes are 64 MiB, in tiles of 384 they are 2304² · 4, 20 MiB.
    const limits = { ...roomy, bufferBytes: 24 * MIB };
    const run = { width: 512, height: 512 };
    const needs = await modelNeeds(await planned('inpaint'), target, limits, run);
    expect(needs?.tiles).toEqual({ encoder: 384, decoder: 384 });
    expect(needs?.networks.get('vae decoder')?.largest.bytes).toBe(2304 ** 2 * 4);

    const decoder = await skeletonOf('inpaint', 'vae_decoder');
    const fixed = ofOneSize(decoder, 'latent_sample', { width: 16, height: 16 });
    const changed = new Map([[skeletonPath('vae_decoder'), encodeSkeleton(fixed)]]);
    const ofOne = await modelNeeds(await planned('inpaint', changed), target, limits, run);
    // Whatever is asked for, pictures have 128 × 128 pixels then.
    expect(ofOne?.tiles).toEqual({ encoder: undefined, decoder: undefined });
    expect(ofOne?.networks.get('vae decoder')?.largest.bytes).toBe(8 * 128 ** 2 * 4);
    expect(ofOne?.networks.get('vae encoder')).toEqual(
      (await needsOf('inpaint', 128)).networks.get('vae encoder'),
    );
  });

  it('is refused with figures where a picture is far larger than those of its training', async () => {
    const needs = await needsOf('inpaint', 512);
    const limits = { ...roomy, bufferBytes: 128 * MIB };
    expect(() => refuseTooLarge('golden/export', needs, limits)).toThrow(
      /its unet needs a buffer of 0\.3 GB at this picture size, and the GPU allows 0\.1 GB/,
    );
    expect(() => refuseTooLarge('golden/export', needs, roomy)).not.toThrow();
  });

  it('is known of a folder whose files can be read in parts, and not of an address', async () => {
    const folder = folderFiles('goldens/onnx/inpaint');
    const [plain, prepared] = [await modelNeeds(folder, target, roomy), await planned('inpaint')];
    expect(plain).toEqual(await modelNeeds(prepared, target, roomy));
    const { name, read } = folder;
    expect(await modelNeeds({ name, read }, target, roomy)).toBeUndefined();
  });
});

/** The formats in which networks are saved, through the code that prepares models: by id, URL and file. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type HubFile, memoryFile } from '../../../test/support/hub/files';
import {
  goldenFiles,
  hastyConnection,
  packSafetensors,
  temporaryStore,
} from '../../../test/support/hub/hubServer';
import { hub, prepare, serve, tensorBytes, UNET, withHubAndStore } from '../../../test/support/prepare';
import { type Precision, storedAs } from '../../graph/onnx/types';
import { openCheckpoint } from '../checkpoint/open';
import { bytesSource, readTensor } from '../checkpoint/reader';
import { planSource } from '../openModel';
import { findModel } from '../source/source';
import { castBytes, isWeightType } from '../weights/cast';
import { float8ToFloat32 } from '../weights/float8';
import { prepareModel } from './prepare';
import { openPrepared } from './prepared';

withHubAndStore();

const TEXT = 'text_encoder/model.safetensors';
type Packed = { key?: string; dtype: string; values: Uint8Array };

/** The golden model with one of its files changed, tensor by tensor. */
async function changed(
  path: string,
  change: (key: string, floats: Float32Array) => Packed,
): Promise<HubFile[]> {
  const bytes = new Uint8Array(readFileSync(`goldens/models/sd15/${path}`));
  const { tensors } = await openCheckpoint(bytesSource(path, bytes));
  const packed: [string, { dtype: string; shape: readonly number[]; values: Uint8Array }][] = [];
  for (const [key, tensor] of tensors) {
    if (!isWeightType(tensor.dtype)) continue;
    const floats = new Float32Array(castBytes(await readTensor(tensor), tensor.dtype, 'F32').slice().buffer);
    const { key: name = key, dtype, values } = change(key, floats);
    packed.push([name, { dtype, shape: tensor.shape, values }]);
  }
  const others = (await goldenFiles('sd15')).filter((file) => file.path !== path);
  return [...others, memoryFile(path, packSafetensors(packed))];
}

const asF32 = (floats: Float32Array): Packed => ({
  dtype: 'F32',
  values: new Uint8Array(floats.slice().buffer),
});
/** A component's tensors as stored, from a separate store. */
async function stored(component: string, precision: Precision = 'fp32', name = 'golden/sd15') {
  const { store, remove } = await temporaryStore();
  try {
    const { plan } = await prepare({ name, precision, store });
    const files = await openPrepared(store, plan.key, precision);
    if (files === undefined) throw new Error('not stored');
    return await tensorBytes(await files.openWeights(component, storedAs[precision]));
  } finally {
    await remove();
  }
}

const fetched = () => hub.log.filter(({ url }) => url.includes('.safetensors')).length;

it('fp8 is what the same values are in float32', async () => {
  const codes = (floats: Float32Array) => Uint8Array.from(floats, (_, i) => (i * 37) % 0x78);
  await serve({ files: await changed(UNET, (_, floats) => ({ dtype: 'F8_E4M3', values: codes(floats) })) });
  const eight = await stored('unet');
  await hub.close();
  const full = await changed(UNET, (_, floats) => asF32(float8ToFloat32(codes(floats), 'F8_E4M3')));
  await serve({ files: full });
  expect(await stored('unet')).toEqual(eight);
});

it('a text encoder without "text_model." is the same', async () => {
  await serve();
  const usual = await stored('text_encoder');
  await hub.close();
  await serve({
    files: await changed(TEXT, (key, floats) => ({ key: key.replace('text_model.', ''), ...asF32(floats) })),
  });
  expect(await stored('text_encoder')).toEqual(usual);
});

it('scaled fp8 and quantised weights are refused before they are fetched, by key and type', async () => {
  const tensor = { dtype: 'F8_E4M3', shape: [4_000_000], values: new Uint8Array(4_000_000) };
  const scaled = packSafetensors([
    ['conv_in.weight', tensor],
    ['conv_in.scale_weight', { dtype: 'F32', shape: [], values: new Uint8Array(4) }],
  ]);
  const whole = packSafetensors([['conv_in.weight', { ...tensor, dtype: 'I8' }]]);
  const cases: [Uint8Array<ArrayBuffer>, string][] = [
    [scaled, `${UNET}: it holds fp8 weights with scales ("conv_in.scale_weight")`],
    [whole, `${UNET}: tensor "conv_in.weight" is of type I8`],
  ];
  for (const [bytes, message] of cases) {
    const others = (await goldenFiles('sd15')).filter((file) => file.path !== UNET);
    await serve({ files: [...others, memoryFile(UNET, bytes)] });
    await expect(prepare()).rejects.toThrow(message);
    // Only headers: a range of each file.
    expect(fetched()).toBeGreaterThan(0);
    await hub.close();
  }
  await serve();
});

it('a weight that is no number is named', async () => {
  await serve({
    files: await changed(UNET, (key, floats) =>
      asF32(key === 'conv_out.bias' ? floats.fill(Number.POSITIVE_INFINITY, 0, 1) : floats),
    ),
  });
  await expect(prepare()).rejects.toThrow(`${UNET}: tensor "conv_out.bias" holds NaN or infinite numbers`);
});

it.each(['fp16', 'fp32'] as const)(
  'a folder at an address with .bin and shards, for %s',
  async (precision) => {
    const bin = new Uint8Array(readFileSync('goldens/checkpoints/sd15-bin/vae/diffusion_pytorch_model.bin'));
    const unet = new Uint8Array(readFileSync(`goldens/models/sd15/${UNET}`));
    const shard = 'diffusion_pytorch_model.fp16-00001-of-00001.safetensors';
    const { tensors } = await openCheckpoint(bytesSource(shard, unet));
    const index = { weight_map: Object.fromEntries([...tensors.keys()].map((key) => [key, shard])) };
    const others = (await goldenFiles('sd15')).filter(
      ({ path }) => path !== UNET && path !== 'vae/diffusion_pytorch_model.safetensors',
    );
    await serve({
      files: [
        ...others,
        memoryFile('vae/diffusion_pytorch_model.bin', bin),
        memoryFile(`unet/${shard}`, unet),
        memoryFile(
          'unet/diffusion_pytorch_model.safetensors.index.fp16.json',
          new TextEncoder().encode(JSON.stringify(index)),
        ),
      ],
    });
    const name = `${hub.contentUrl}/plain/golden/sd15`;
    expect((await stored('unet', precision, name)).size).toBe(
      [...tensors.values()].filter(({ dtype }) => isWeightType(dtype)).length,
    );
    expect((await stored('vae', precision, name)).size).toBeGreaterThan(10);
  },
);

it('SDXL’s autoencoder is kept in fp32, unless its configuration says that fp16 will do', async () => {
  const single = new Uint8Array(readFileSync('goldens/checkpoints/sdxl.safetensors'));
  const xl = await goldenFiles('sdxl');
  const texts = xl.filter(({ path }) => path.startsWith('tokenizer'));
  const config = JSON.parse(readFileSync('goldens/models/sdxl/vae/config.json', 'utf8'));
  const kept = async (files: HubFile[]) => {
    await serve({ files });
    try {
      const { store, remove } = await temporaryStore();
      const connection = hastyConnection(hub.url);
      const plan = await planSource(await findModel('golden/sd15', connection, hub.url), 'fp16', connection);
      const { manifest } = await prepareModel(plan, store, connection);
      await remove();
      return manifest.components.vae?.precision;
    } finally {
      await hub.close();
    }
  };
  for (const [force_upcast, precision] of [
    [true, 'fp32'],
    [undefined, 'fp32'],
    [false, 'fp16'],
  ] as const) {
    const vae = memoryFile('vae/config.json', JSON.stringify({ ...config, force_upcast }));
    const folder = xl.filter(({ path }) => path !== vae.path);
    expect(await kept([...folder, vae]), `folder, ${force_upcast}`).toBe(precision);
    // Files beside a single file count too.
    expect(
      await kept([...texts, vae, memoryFile('model.safetensors', single)]),
      `file, ${force_upcast}`,
    ).toBe(precision);
  }
  await serve();
});

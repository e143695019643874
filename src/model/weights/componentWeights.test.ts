/** A component's weights from a plain folder, in every form that diffusers and transformers save. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { packSafetensors, splitSafetensors } from '../../../test/support/hub/hubServer';
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { openCheckpoint } from '../checkpoint/open';
import { bytesSource, readTensor } from '../checkpoint/reader';
import type { CheckpointFiles } from '../files';
import { castBytes, isWeightType, type WeightType } from './cast';
import { loadWeights, type Weights } from './componentWeights';
import { firstNonFinite } from './finite';
import { float8ToFloat32 } from './float8';

const MODEL = 'goldens/models/sd15';
const BIN = 'goldens/checkpoints/sd15-bin';
const UNET = 'unet/diffusion_pytorch_model';
const TEXT = 'text_encoder/model';
const bytesOf = (path: string) => new Uint8Array(readFileSync(path));
const wholeUnet = bytesOf(`${MODEL}/${UNET}.safetensors`);

function folderOf(files: Record<string, Uint8Array | object>): CheckpointFiles {
  return {
    name: 'm',
    async read(path) {
      const file = Object.hasOwn(files, path) ? files[path] : undefined;
      if (file === undefined || file instanceof Uint8Array) return file && new Uint8Array(file);
      return new TextEncoder().encode(JSON.stringify(file));
    },
  };
}

/** Values by key, in whatever file and at whatever position they are. */
function valuesOf({ index, files }: Weights): Map<string, { shape: readonly number[]; bytes: string }> {
  return new Map(
    [...index]
      .map(([key, { path, offset, length, shape }]) => {
        const file = files.get(path);
        if (!(file instanceof Uint8Array)) throw new Error(`no bytes of ${path}`);
        const bytes = Buffer.from(file.subarray(offset, offset + length)).toString('base64');
        return [key, { shape, bytes }] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const load = async (
  files: Record<string, Uint8Array | object>,
  folder: string,
  precision: 'fp16' | 'fp32' = 'fp32',
) =>
  valuesOf(
    await loadWeights(
      folderOf(files),
      folder,
      folder.startsWith('text_encoder') ? 'model' : 'diffusion_pytorch_model',
      precision,
    ),
  );

/** The same tensors, each changed. */
async function repacked(
  bytes: Uint8Array<ArrayBuffer>,
  change: (key: string, floats: Float32Array) => { key?: string; dtype: string; values: Uint8Array },
): Promise<Uint8Array<ArrayBuffer>> {
  const { tensors } = await openCheckpoint(bytesSource('f', bytes));
  const packed: [string, { dtype: string; shape: readonly number[]; values: Uint8Array }][] = [];
  for (const [key, tensor] of tensors) {
    const { dtype, shape } = tensor;
    const values = await readTensor(tensor);
    if (!isWeightType(dtype)) {
      packed.push([key, { dtype, shape, values }]);
      continue;
    }
    const floats = new Float32Array(castBytes(values, dtype, 'F32').slice().buffer);
    const changed = change(key, floats);
    packed.push([changed.key ?? key, { shape, dtype: changed.dtype, values: changed.values }]);
  }
  return packSafetensors(packed);
}

const asF32 = (floats: Float32Array) => ({ dtype: 'F32', values: new Uint8Array(floats.slice().buffer) });
const asF16 = (floats: Float32Array) => ({
  dtype: 'F16',
  values: castBytes(new Uint8Array(floats.slice().buffer), 'F32', 'F16'),
});

const weightMap = (shards: Record<string, Uint8Array<ArrayBuffer>>) =>
  Promise.all(
    Object.entries(shards).map(async ([name, bytes]) =>
      [...(await openCheckpoint(bytesSource(name, bytes))).tensors.keys()].map((key) => [key, name] as const),
    ),
  ).then((all) => ({ metadata: {}, weight_map: Object.fromEntries(all.flat()) }));

describe('forms of a folder', async () => {
  const plain = await load({ [`${UNET}.safetensors`]: wholeUnet }, 'unet');
  const half = await repacked(wholeUnet, (_, floats) => asF16(floats));
  const halves = await load({ [`${UNET}.safetensors`]: half }, 'unet');
  const [first, second] = splitSafetensors(half).map((part) => new Uint8Array(part));
  if (first === undefined || second === undefined) throw new Error('two parts');

  it.each([
    // diffusers since 0.30, in both spellings of the index; before, with the variant at the end.
    [
      'diffusion_pytorch_model.safetensors.index.fp16.json',
      'diffusion_pytorch_model.fp16-0000N-of-00002.safetensors',
    ],
    [
      'diffusion_pytorch_model.fp16.safetensors.index.json',
      'diffusion_pytorch_model.fp16-0000N-of-00002.safetensors',
    ],
    [
      'diffusion_pytorch_model.safetensors.index.fp16.json',
      'diffusion_pytorch_model-0000N-of-00002.fp16.safetensors',
    ],
    ['diffusion_pytorch_model.safetensors.index.json', 'diffusion_pytorch_model-0000N-of-00002.safetensors'],
  ])('shards named by %s as %s', async (indexName, shardName) => {
    const shards = { [shardName.replace('N', '1')]: first, [shardName.replace('N', '2')]: second };
    const files = {
      [`unet/${indexName}`]: await weightMap(shards),
      ...Object.fromEntries(Object.entries(shards).map(([name, bytes]) => [`unet/${name}`, bytes])),
    };
    for (const precision of ['fp16', 'fp32'] as const)
      expect((await load(files, 'unet', precision)).size).toBe(plain.size);
    expect(await load(files, 'unet')).toEqual(halves);
  });

  it.each([
    ['text_encoder', 'pytorch_model.bin', 'model.safetensors'],
    ['vae', 'diffusion_pytorch_model.bin', 'diffusion_pytorch_model.safetensors'],
  ])('a .bin of %s', async (folder, bin, safe) => {
    const found = await load({ [`${folder}/${bin}`]: bytesOf(`${BIN}/${folder}/${bin}`) }, folder);
    expect(found).toEqual(
      await load({ [`${folder}/${safe}`]: bytesOf(`${MODEL}/${folder}/${safe}`) }, folder),
    );
  });

  it('.bin in shards, and of half precision by name', async () => {
    const bin = bytesOf(`${BIN}/vae/diffusion_pytorch_model.bin`);
    const whole = await load({ 'vae/diffusion_pytorch_model.bin': bin }, 'vae');
    const shard = 'diffusion_pytorch_model-00001-of-00001.bin';
    const files = {
      'vae/diffusion_pytorch_model.bin.index.json': await weightMap({ [shard]: bin }),
      [`vae/${shard}`]: bin,
    };
    expect(await load(files, 'vae')).toEqual(whole);
    expect(await load({ 'vae/diffusion_pytorch_model.fp16.bin': bin }, 'vae')).toEqual(whole);
  });

  it('safetensors come before .bin, and the wanted precision before the other', async () => {
    const files = {
      [`${UNET}.safetensors`]: wholeUnet,
      [`${UNET}.fp16.safetensors`]: half,
      [`${UNET}.bin`]: Uint8Array.of(1),
    };
    expect(await load(files, 'unet')).toEqual(plain);
    expect(await load(files, 'unet', 'fp16')).toEqual(
      await load({ [`${UNET}.safetensors`]: half }, 'unet', 'fp16'),
    );
  });

  it('a shard that is missing, and a folder without weights, are said by name', async () => {
    const index = await weightMap({ 'diffusion_pytorch_model.fp16-00001-of-00002.safetensors': first });
    const indexName = 'unet/diffusion_pytorch_model.safetensors.index.fp16.json';
    await expect(load({ [indexName]: index }, 'unet')).rejects.toThrow(
      'unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors is missing though unet/diffusion_pytorch_model',
    );
    await expect(load({}, 'text_encoder')).rejects.toThrow(
      /text_encoder has no weights that Inlay reads \(looked for model\.safetensors, .*pytorch_model\.bin/,
    );
  });
});

describe('text encoders saved without "text_model."', () => {
  const text = bytesOf(`${MODEL}/${TEXT}.safetensors`);
  it.each(['text_encoder', 'text_encoder_2'])('%s', async (folder) => {
    const bare = await repacked(text, (key, floats) => ({
      key: key.replace(/^text_model\./, ''),
      ...asF32(floats),
    }));
    const found = await load({ [`${folder}/model.safetensors`]: bare }, folder);
    expect(found).toEqual(await load({ [`${folder}/model.safetensors`]: text }, folder));
  });

  it('keep their projection, and an autoencoder its encoder', async () => {
    const values = new Uint8Array(4);
    const tensor = { dtype: 'F32', shape: [1], values };
    const keys = ['embeddings.a.weight', 'text_projection.weight', 'encoder.layers.0.b.weight'];
    const file = packSafetensors(keys.map((key) => [key, tensor]));
    expect([...(await load({ 'text_encoder_2/model.safetensors': file }, 'text_encoder_2')).keys()]).toEqual([
      'text_model.embeddings.a.weight',
      'text_model.encoder.layers.0.b.weight',
      'text_projection.weight',
    ]);
    const vae = await load({ 'vae/diffusion_pytorch_model.safetensors': file }, 'vae');
    expect([...vae.keys()]).toEqual([...keys].sort());
  });

  it('with both names of one tensor are damaged', async () => {
    const tensor = { dtype: 'F32', shape: [1], values: new Uint8Array(4) };
    const file = packSafetensors(
      ['encoder.x.weight', 'text_model.encoder.x.weight'].map((key) => [key, tensor]),
    );
    await expect(load({ 'text_encoder/model.safetensors': file }, 'text_encoder')).rejects.toThrow(
      'text_encoder/model.safetensors: it holds "text_model.encoder.x.weight" twice',
    );
  });
});

describe('fp8', () => {
  // tools/goldens/float8.py, torch 2
  const golden: Record<'F8_E4M3' | 'F8_E5M2', number[]> = JSON.parse(
    readFileSync('goldens/values/float8.json', 'utf8'),
  );

  it.each(['F8_E4M3', 'F8_E5M2'] as const)('every code of %s is torch’s value, bit for bit', (type) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const floats = float8ToFloat32(codes, type);
    const expected = new Float32Array(Uint32Array.from(golden[type]).buffer);
    expect([...floats]).toEqual([...expected]);
    // −0 is a distinct value.
    expect(Object.is(floats[0x80], -0)).toBe(true);
    // And through half precision, which holds every one of them.
    const half = castBytes(codes, type, 'F16');
    const back = new Float32Array(castBytes(half, 'F16', 'F32').slice().buffer);
    expect([...back]).toEqual([...expected]);
  });

  it.each(['F8_E4M3', 'F8_E5M2'] as const)(
    'a network in %s is that of the same values in float32',
    async (type) => {
      const codeOf = (i: number) => (i * 37) % 0x78; // finite in both
      const eight = await repacked(wholeUnet, (_, floats) => ({
        dtype: type,
        values: Uint8Array.from(floats, (_, i) => codeOf(i)),
      }));
      const full = await repacked(wholeUnet, (_, floats) =>
        asF32(
          float8ToFloat32(
            Uint8Array.from(floats, (_, i) => codeOf(i)),
            type,
          ),
        ),
      );
      for (const precision of ['fp32', 'fp16'] as const) {
        const found = await load({ [`${UNET}.safetensors`]: eight }, 'unet', precision);
        expect(found).toEqual(await load({ [`${UNET}.safetensors`]: full }, 'unet', precision));
      }
    },
  );

  it.each(['conv_in.scale_weight', 'conv_in.weight_scale', 'scaled_fp8', 'conv_in.comfy_quant'])(
    'with scales (%s) is refused by name, never taken without them',
    async (key) => {
      const file = packSafetensors([
        ['conv_in.weight', { dtype: 'F8_E4M3', shape: [1], values: Uint8Array.of(0x38) }],
        [key, { dtype: 'F32', shape: [], values: new Uint8Array(4) }],
      ]);
      const loading = load({ [`${UNET}.safetensors`]: file }, 'unet');
      await expect(loading).rejects.toThrow(
        `${UNET}.safetensors: it holds fp8 weights with scales ("${key}"), which are not supported`,
      );
      await expect(loading).rejects.toThrow(UnsupportedError);
    },
  );
});

describe('weights of other types', () => {
  it.each([
    ['I8', 1],
    ['U8', 1],
    ['I32', 4],
  ])('%s is refused by tensor and type', async (dtype, bytes) => {
    const file = packSafetensors([['conv_in.weight', { dtype, shape: [1], values: new Uint8Array(bytes) }]]);
    await expect(load({ [`${UNET}.safetensors`]: file }, 'unet')).rejects.toThrow(
      `${UNET}.safetensors: tensor "conv_in.weight" is of type ${dtype}, which is not a floating-point type`,
    );
  });

  it('a type of tomorrow likewise', async () => {
    const file = packSafetensors([
      ['conv_in.weight', { dtype: 'F4', shape: [2], values: new Uint8Array(1) }],
    ]);
    await expect(load({ [`${UNET}.safetensors`]: file }, 'unet')).rejects.toThrow(
      `${UNET}.safetensors: tensor "conv_in.weight" is of type F4, which is not supported`,
    );
  });

  it('counters and positions are no weights', async () => {
    const file = packSafetensors([
      ['embeddings.position_ids', { dtype: 'I64', shape: [1], values: new Uint8Array(8) }],
      ['conv_in.weight', { dtype: 'F32', shape: [1], values: new Uint8Array(4) }],
    ]);
    expect([...(await load({ [`${UNET}.safetensors`]: file }, 'unet')).keys()]).toEqual(['conv_in.weight']);
  });
});

describe('numbers that are none', () => {
  const codes: Record<WeightType, number[]> = {
    F64: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
    F32: [0, 0, 0xc0, 0x7f],
    F16: [0, 0xfc],
    BF16: [0x80, 0x7f],
    F8_E4M3: [0xff],
    F8_E5M2: [0x7c],
  };
  it.each(Object.entries(codes))('are found in %s at any alignment', (type, code) => {
    const bytes = new Uint8Array(1 + 3 * code.length);
    expect(firstNonFinite(bytes.subarray(1), type as WeightType)).toBe(-1);
    bytes.set(code, 1 + 2 * code.length);
    expect(firstNonFinite(bytes.subarray(1), type as WeightType)).toBe(2);
  });

  it('a weight that holds one is named before anything runs', async () => {
    const bad = await repacked(wholeUnet, (key, floats) =>
      asF32(key === 'conv_out.bias' ? floats.fill(Number.NaN, 1, 2) : floats),
    );
    const loading = load({ [`${UNET}.safetensors`]: bad }, 'unet');
    await expect(loading).rejects.toThrow(
      `${UNET}.safetensors: tensor "conv_out.bias" holds NaN or infinite numbers`,
    );
    await expect(loading).rejects.toThrow(CheckpointError);
  });
});

it('torch’s archives of fp8 and of types that are none', async () => {
  // torch 2: torch.save({'x': float8_e4m3fn, 'y': float8_e5m2}); and {'z': complex64}
  const file = new Uint8Array(await readFile('goldens/checkpoints/float8.bin'));
  const { tensors } = await openCheckpoint(bytesSource('float8.bin', file));
  expect([...tensors].map(([key, { dtype, shape }]) => [key, dtype, shape])).toEqual([
    ['x', 'F8_E4M3', [4]],
    ['y', 'F8_E5M2', [2, 2]],
  ]);
  const complex = new Uint8Array(await readFile('goldens/checkpoints/complex64.bin'));
  await expect(openCheckpoint(bytesSource('complex64.bin', complex))).rejects.toThrow(
    'complex64.bin: it holds a tensor of type torch.ComplexFloatStorage, which is not supported',
  );
});

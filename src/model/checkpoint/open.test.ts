import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../contract/errors';
import { unsupportedPipeline } from '../families/unsupported';
import { loadWeights } from '../weights/componentWeights';
import { openCheckpoint } from './open';
import { blobSource, bytesSource, noteTensors, parseShardIndex, readTensor } from './reader';
import { rowsOf, transposed } from './tensorView';

/** A safetensors file of float32 tensors, each a row of the given values. */
function safetensors(tensors: Record<string, number[]>, metadata?: object): Uint8Array<ArrayBuffer> {
  let at = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [key, values] of Object.entries(tensors)) {
    header[key] = { dtype: 'F32', shape: [values.length], data_offsets: [at, at + 4 * values.length] };
    at += 4 * values.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.byteLength + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  bytes.set(new Uint8Array(Float32Array.from(Object.values(tensors).flat()).buffer), 8 + json.byteLength);
  return bytes;
}
const floats = (bytes: Uint8Array<ArrayBuffer>) => [...new Float32Array(bytes.buffer)];

describe('openCheckpoint', () => {
  it('reads safetensors from a blob, with what the file says of itself', async () => {
    const bytes = safetensors({ a: [1, 2], b: [3] }, { 'modelspec.prediction_type': 'v' });
    const { tensors, metadata } = await openCheckpoint(blobSource('m.safetensors', new Blob([bytes])));
    expect(metadata).toEqual({ 'modelspec.prediction_type': 'v' });
    const b = tensors.get('b');
    expect(b && floats(await readTensor(b))).toEqual([3]);
  });

  const text = (value: string) => new TextEncoder().encode(value.padEnd(64, ' '));
  const huge = new Uint8Array(64);
  huge[7] = 0x80;
  it.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    ['a header of 2^63 bytes', huge, /the header claims 9223372036854775808 bytes/],
    ['a header longer than the file', safetensors({ a: [1] }).slice(0, 30), /ends within its header/],
    ['an empty file', new Uint8Array(0), /too short/],
    ['a web page', text('<!doctype html><title>Not found</title>'), /this is a web page/],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    ['GGUF', text('GGUF'), /GGUF/],
    ['a lone ONNX graph', text('\x08\x08\x12\x07pytorch\x1a\x05'), /ONNX export of a single network/],
    ['a bare pickle', new Uint8Array([0x80, 2, 0x7d, 0x71, 0, 0x2e, 0, 0, 0]), /bare Python pickle/],
  ])('refuses %s by name', async (_what, bytes, message) => {
    const opened = openCheckpoint(bytesSource('unet/m.safetensors', bytes));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(/^unet\/m\.safetensors: /);
  });

  // The length comes before the header, little-endian, and its first bytes may look like another format.
  it.each([
    ['a pickle', [0x80, 0x02]],
    ['a web page', [0x20, 0x3c]],
    ['an ONNX graph', [0x08, 0x08, 0x12]],
  ])('takes a header whose length begins as %s does', async (_what, first) => {
    const length = first.reduceRight((sum, byte) => sum * 256 + byte, 0);
    const empty = JSON.stringify({ '': { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }).length;
    const key = 'k'.repeat(length - empty);
    const bytes = safetensors({ [key]: [1] });
    expect([...bytes.subarray(0, first.length)]).toEqual(first);
    expect((await openCheckpoint(bytesSource('m', bytes))).tensors.has(key)).toBe(true);
  });
});

describe('shards', () => {
  it('are named by their index', () => {
    const index = { weight_map: { a: 'm-1.safetensors', b: 'm-2.safetensors' } };
    expect([...parseShardIndex(index, 'i.json')]).toEqual(Object.entries(index.weight_map));
    expect(() => parseShardIndex({ weight_map: { a: '../../secret.bin' } }, 'i.json')).toThrow(
      /no file for "a"/,
    );
    expect(() => parseShardIndex({}, 'i.json')).toThrow(/names no tensors/);
  });

  it('that have a tensor twice do not belong together, whichever way they are read', async () => {
    const owners = new Map<string, string>();
    noteTensors(owners, ['a', 'b'], 'unet/m-1.safetensors');
    noteTensors(owners, ['c'], 'unet/m-2.safetensors');
    expect(() => noteTensors(owners, ['d', 'a'], 'unet/m-3.safetensors')).toThrow(
      'unet/m-3.safetensors: tensor "a" is in unet/m-1.safetensors too; the files do not belong together',
    );
    const weight_map = { a: 'm-1.safetensors', b: 'm-2.safetensors' };
    const shards: Record<string, Uint8Array<ArrayBuffer>> = {
      'unet/m.safetensors.index.json': new TextEncoder().encode(JSON.stringify({ weight_map })),
      'unet/m-1.safetensors': safetensors({ a: [1] }),
      'unet/m-2.safetensors': safetensors({ a: [1], b: [2] }),
    };
    const folder = { name: 'm', read: async (path: string) => shards[path] };
    await expect(loadWeights(folder, 'unet', 'm', 'fp32')).rejects.toThrow(
      /"a" is in unet\/m-1.safetensors too/,
    );
  });
});

describe('views', () => {
  // [[0, 1, 2], [3, 4, 5]]
  const file = bytesSource('m', new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer));
  const matrix = { file, dtype: 'F32', shape: [2, 3], offset: 0, length: 24 } as const;

  it('are read in their own order', async () => {
    expect(rowsOf('m', matrix, 1, 2)).toEqual({ ...matrix, shape: [1, 3], offset: 12, length: 12 });
    const turned = transposed('m', matrix);
    expect(turned.shape).toEqual([3, 2]);
    expect(floats(await readTensor(turned))).toEqual([0, 3, 1, 4, 2, 5]);
    // Rows of a turned matrix are columns: they stay strided.
    const column = rowsOf('m', turned, 1, 3);
    expect(floats(await readTensor(column))).toEqual([1, 4, 2, 5]);
    expect(transposed('m', turned)).toEqual(matrix);
  });
});

describe('unsupportedPipeline', () => {
  const unet = {
    unet: ['diffusers', 'UNet2DConditionModel'],
    text_encoder: ['transformers', 'CLIPTextModel'],
  };
  it.each([
    [{ _class_name: 'FluxFillPipeline' }, /this is Flux \(FluxFillPipeline\), which is not supported/],
    [{ _class_name: 'StableDiffusion3Pipeline' }, /this is Stable Diffusion 3 /],
    [{ _class_name: 'KolorsPipeline', ...unet }, /Kolors/],
    [
      { _class_name: 'NewPipeline', transformer: ['diffusers', 'NewTransformer2DModel'] },
      /a "transformer", not a UNet/,
    ],
    [
      {
        _class_name: 'StableDiffusionXLImg2ImgPipeline',
        ...unet,
        text_encoder: [null, null],
        text_encoder_2: ['a', 'b'],
      },
      /refiner/,
    ],
  ])('names %j', (index, message) => expect(unsupportedPipeline(index)).toMatch(message));

  it.each([
    'StableDiffusionPipeline',
    'StableDiffusionInpaintPipeline',
    'StableDiffusionXLPipeline',
    'StableDiffusionXLInpaintPipeline',
    'LatentConsistencyModelPipeline',
  ])('lets %s pass', (name) => expect(unsupportedPipeline({ _class_name: name, ...unet })).toBeUndefined());
});

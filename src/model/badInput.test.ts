import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type HubFile, memoryFile } from '../../test/support/hub/files';
import { goldenFiles, safetensors, splitSafetensors } from '../../test/support/hub/hubServer';
import { hub, serve, temporary, UNET, withHubAndStore } from '../../test/support/prepare';
import { CheckpointError, InputError } from '../contract/errors';
import { openModel } from './openModel';
import { nearestKnownId } from './source/nameSuggestions';

const whole = new Uint8Array(readFileSync(`goldens/models/sd15/${UNET}`));
const header = (entries: object) => JSON.stringify(entries);
const f32 = (begin: number, end: number) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

withHubAndStore();

/** The golden model with another UNet. */
async function withUnet(...files: HubFile[]): Promise<HubFile[]> {
  return [...(await goldenFiles('sd15')).filter(({ path }) => path !== UNET), ...files];
}

async function open(files: HubFile[], name = 'golden/sd15') {
  await serve({ files });
  const { signal } = new AbortController();
  return openModel(name.replace('HUB', hub.url), 'fp32', {
    store: temporary.store,
    signal,
    hubUrl: hub.url,
    onProgress() {},
  });
}

/** Weights that were asked for. */
const fetched = () => hub.log.filter(({ url }) => /\.(safetensors|bin|ckpt)(\?|$)/.test(url)).length;

const huge = new Uint8Array(64);
huge[7] = 0x80; // 2^63, little-endian
const page = '<!doctype html><html><title>Sign in</title></html>';
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1720000000\n';
const [firstShard] = splitSafetensors(whole);

describe('a repository with bad weights is refused by name, and nothing of it is kept', () => {
  const bad: [string, HubFile[], RegExp][] = [
    ['a header of 2^63 bytes', [memoryFile(UNET, huge)], /^unet\/.*claims 9223372036854775808 bytes/],
    [
      'offsets past the end',
      [memoryFile(UNET, safetensors(header({ a: f32(0, 4096) }), new Uint8Array(64)))],
      /^unet\/.*tensor "a" ends past the end of the file/,
    ],
    [
      'tensors that overlap',
      [memoryFile(UNET, safetensors(header({ a: f32(0, 32), b: f32(16, 48) }), new Uint8Array(48)))],
      /^unet\/.*tensors "a" and "b" overlap/,
    ],
    [
      'a truncated file',
      [memoryFile(UNET, whole.slice(0, 300_000))],
      /^unet\/.*ends past the end of the file/,
    ],
    ['a web page', [memoryFile(UNET, page)], /^unet\/.*this is a web page/],
    ['a Git LFS pointer', [memoryFile(UNET, pointer)], /^unet\/.*this is a Git LFS pointer.*git lfs pull/],
    [
      'a shard missing',
      [memoryFile('unet/diffusion_pytorch_model-00001-of-00002.safetensors', firstShard)],
      /^model "golden\/sd15": unet\/diffusion_pytorch_model-00002-of-00002\.safetensors is missing/,
    ],
    [
      'a pickle that calls os.system',
      [
        memoryFile(
          'unet/diffusion_pytorch_model.bin',
          readFileSync('goldens/checkpoints/pickles/system-reduce.ckpt'),
        ),
      ],
      /^unet\/.*the Python object "(posix|nt)\.system", which no checkpoint needs.*Nothing was run/,
    ],
    [
      'a lone ONNX graph',
      [memoryFile(UNET, readFileSync('goldens/onnx/inpaint/unet/model.onnx'))],
      /^unet\/.*ONNX export of a single network/,
    ],
  ];
  it.each(bad)('%s', async (_what, files, message) => {
    const opened = open(await withUnet(...files));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(CheckpointError);
    await hub.close();
    await expect(open(await goldenFiles('sd15')), 'the repository mended').resolves.toBeDefined();
  });
});

describe('another architecture is named before any weight is fetched', () => {
  it.each([
    ['FluxFillPipeline', 'Flux'],
    ['ORTFluxPipeline', 'Flux'],
    ['StableDiffusion3InpaintPipeline', 'Stable Diffusion 3'],
    ['PixArtSigmaPipeline', 'PixArt'],
    ['KandinskyV22InpaintPipeline', 'Kandinsky'],
    ['SanaPipeline', 'Sana'],
  ])('%s', async (pipeline, name) => {
    const files = [
      memoryFile('model_index.json', JSON.stringify({ _class_name: pipeline })),
      memoryFile('transformer/diffusion_pytorch_model.safetensors', whole.slice(0, 1000)),
    ];
    await expect(open(files)).rejects.toThrow(
      `model "golden/sd15": this is ${name} (${pipeline}), which is not supported; Inlay runs Stable Diffusion 1, 2 and XL`,
    );
    expect(fetched()).toBe(0);
  });

  it.each([
    ['Flux', 'double_blocks.0.img_attn.proj.weight'],
    ['Stable Diffusion 3', 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight'],
    ['PixArt', 'adaln_single.linear.weight'],
  ])('%s in a single file, by its keys', async (name, key) => {
    const file = memoryFile(
      'model.safetensors',
      safetensors(header({ [key]: f32(0, 64) }), new Uint8Array(64)),
    );
    const opened = open([file], 'HUB/golden/sd15/resolve/main/model.safetensors');
    await expect(opened).rejects.toThrow(`model.safetensors: this is ${name}, which is not supported`);
  });
});

describe('an id with a typing error', () => {
  it('says what was looked for and where, and what may be meant', async () => {
    const opened = open([], 'stabilityai/stable-difusion-xl-base-1.0');
    await expect(opened).rejects.toThrow(
      /no model "stabilityai\/stable-difusion-xl-base-1\.0" on [\w.:]+: did you mean "stabilityai\/stable-diffusion-xl-base-1\.0"\?/,
    );
    await expect(opened).rejects.toThrow(InputError);
  });

  it('is met with no guess where nothing is near', async () => {
    await expect(open([], 'someone/something')).rejects.toThrow(/check owner and name for a typing error/);
    expect(nearestKnownId('someone/something')).toBeUndefined();
    expect(nearestKnownId('sg161222/realistic_vision_v20')).toBe('SG161222/Realistic_Vision_V2.0');
    expect(nearestKnownId('stabilityai/sd-turbo')).toBeUndefined();
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { growth, MOST_GROWTH } from '../../../test/support/growth';
import { safetensors } from '../../../test/support/hub/hubServer';
import { CheckpointError } from '../../contract/errors';
import { createNodeRuntime } from '../../node/ort';
import { openCheckpoint } from '../checkpoint/open';
import { bytesSource, type IndexedTensor, type StoredCheckpoint } from '../checkpoint/reader';
import { createProduct } from '../runtime/ortMatMul';
import type { OpenLora } from './choice';
import { readLoraFile } from './file';
import { moduleNames } from './names';
import { type Base, resolveLoras } from './resolve';

const product = createProduct(await createNodeRuntime(1));

type Values = Readonly<Record<string, { shape: number[]; values: number[] }>>;

async function loraOf(tensors: Values, weight = 1, metadata?: Record<string, string>): Promise<OpenLora> {
  let end = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [key, { shape, values }] of Object.entries(tensors)) {
    header[key] = { dtype: 'F32', shape, data_offsets: [end, end + values.length * 4] };
    end += values.length * 4;
  }
  const data = new Float32Array(Object.values(tensors).flatMap(({ values }) => values));
  const bytes = safetensors(JSON.stringify(header), new Uint8Array(data.buffer));
  return { name: 'test', weight, digest: '', checkpoint: await openCheckpoint(bytesSource('test', bytes)) };
}

function baseOf(shapes: Readonly<Record<string, number[]>>, isXl = false): Base {
  const components = new Map([['unet', new Map(Object.entries(shapes))]]);
  if (isXl) components.set('text_encoder_2', new Map());
  return { name: 'base', components, family: isXl ? 'sdxl' : 'sd1' };
}

const KEY = 'down_blocks.0.attentions.0.proj_in';
const kohya = 'lora_unet_down_blocks_0_attentions_0_proj_in';
const down = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
const up = { shape: [1, 2], values: [10, 100] };

async function merged(loras: OpenLora[], shape: number[], values: number[]): Promise<number[]> {
  const weight = Float32Array.from(values);
  await resolveLoras(loras, baseOf({ [`${KEY}.weight`]: shape }), product)
    .get('unet')
    ?.get(`${KEY}.weight`)?.(weight);
  return [...weight];
}

describe('merging by hand', () => {
  // up · down = 10 · [1 2 3] + 100 · [4 5 6] = [410 520 630]
  it('adds up · down', async () => {
    const lora = await loraOf({ [`unet.${KEY}.lora_A.weight`]: down, [`unet.${KEY}.lora_B.weight`]: up });
    expect(await merged([lora], [1, 3], [1, 1, 1])).toEqual([411, 521, 631]);
  });

  it('counts alpha / rank, weights, and several in a row', async () => {
    const tensors = {
      [`${kohya}.lora_down.weight`]: down,
      [`${kohya}.lora_up.weight`]: up,
      [`${kohya}.alpha`]: { shape: [], values: [1] },
    };
    expect(await merged([await loraOf(tensors, 0.5)], [1, 3], [0, 0, 0])).toEqual([102.5, 130, 157.5]);
    const both = [await loraOf(tensors, 0.5), await loraOf(tensors, -0.5)];
    expect(await merged(both, [1, 3], [7, 8, 9])).toEqual([7, 8, 9]);
  });

  it('casts halves in fp8 exactly', async () => {
    // 1, 2, 3, 4, 5, 6 and 10, 104 (the nearest to 100) in e4m3.
    const [a, b] = [`unet.${KEY}.lora_A.weight`, `unet.${KEY}.lora_B.weight`];
    const header = {
      [a]: { dtype: 'F8_E4M3', shape: [2, 3], data_offsets: [0, 6] },
      [b]: { dtype: 'F8_E4M3', shape: [1, 2], data_offsets: [6, 8] },
    };
    const codes = Uint8Array.of(0x38, 0x40, 0x44, 0x48, 0x4a, 0x4c, 0x52, 0x6d);
    const bytes = safetensors(JSON.stringify(header), codes);
    const checkpoint = await openCheckpoint(bytesSource('test', bytes));
    const lora = { name: 'test', weight: 1, digest: '', checkpoint };
    expect(await merged([lora], [1, 3], [0, 0, 0])).toEqual([10 + 416, 20 + 520, 30 + 624]);
  });

  it("reads diffusers' alphas from the header, by rank or its root", async () => {
    const tensors = { [`unet.${KEY}.lora_A.weight`]: down, [`unet.${KEY}.lora_B.weight`]: up };
    const about = (fields: object) => ({ lora_adapter_metadata: JSON.stringify(fields) });
    const plain = about({ 'unet.lora_alpha': 4, 'unet.alpha_pattern': {} });
    expect(await merged([await loraOf(tensors, 1, plain)], [1, 3], [0, 0, 0])).toEqual([820, 1040, 1260]);
    const pattern = about({ 'unet.lora_alpha': 4, 'unet.alpha_pattern': { proj_in: 1 } });
    expect(await merged([await loraOf(tensors, 1, pattern)], [1, 3], [0, 0, 0])).toEqual([205, 260, 315]);
    const root = about({ 'unet.lora_alpha': 2, 'unet.use_rslora': true });
    const [first] = await merged([await loraOf(tensors, 1, root)], [1, 3], [0, 0, 0]);
    expect(first).toBeCloseTo(410 * Math.SQRT2, 3);
  });

  it('takes matrices for 1×1 convolutions', async () => {
    const lora = await loraOf({ [`${kohya}.lora_down.weight`]: down, [`${kohya}.lora_up.weight`]: up });
    expect(await merged([lora], [1, 3, 1, 1], [0, 0, 0])).toEqual([410, 520, 630]);
  });

  it("rebuilds LyCORIS' convolutions with a middle", async () => {
    // One row of up · mid: 10·[1 0; 0 1] + 100·[2 0; 0 3] by place; times down [[1],[2]] of two inputs and rank 1 each.
    const lora = await loraOf({
      [`${kohya}.lora_down.weight`]: { shape: [2, 1, 1, 1], values: [1, 2] },
      [`${kohya}.lora_up.weight`]: { shape: [1, 2, 1, 1], values: [10, 100] },
      // [a, b, 1, 2]: mid[0][0] = 1 2, mid[0][1] = 3 4, mid[1][0] = 5 6, mid[1][1] = 7 8
      [`${kohya}.lora_mid.weight`]: { shape: [2, 2, 1, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] },
    });
    // b = 0: 10·[1 2] + 100·[5 6] = [510 620], times 1; b = 1: 10·[3 4] + 100·[7 8] = [730 840], times 2
    expect(await merged([lora], [1, 1, 1, 2], [0, 0])).toEqual([1970, 2300]);
  });
});

describe('what is refused', () => {
  it.each([
    ['DoRA', `${kohya}.dora_scale`],
    ['DoRA', `unet.${KEY}.lora_magnitude_vector`],
    ['LoKr', `${kohya}.lokr_w1`],
    ['LoHa', `${kohya}.hada_w1_a`],
    ['OFT', `${kohya}.oft_blocks`],
    ['"full"', `${kohya}.diff`],
    ['biases', `unet.${KEY}.lora_B.bias`],
    ["PEFT's own", `base_model.model.${KEY}.lora_A.weight`],
  ])('%s by its name', async (name, key) => {
    const lora = await loraOf({ [key]: up });
    expect(() => readLoraFile(lora.checkpoint)).toThrow(new RegExp(`LoRA test: .*${name}`));
  });

  it('half a pair, and keys of no format', async () => {
    const half = await loraOf({ [`${kohya}.lora_down.weight`]: down });
    expect(() => readLoraFile(half.checkpoint)).toThrow(/its matching tensor is missing/);
    const model = await loraOf({ 'conv_in.weight': down });
    expect(() => readLoraFile(model.checkpoint)).toThrow(
      /its keys are of a form that is not known; the first is "conv_in.weight"/,
    );
  });

  it('another family: the first key that does not fit, and both families', async () => {
    const read = async (name: string) => {
      const bytes = new Uint8Array(await readFile(`goldens/loras/${name}.safetensors`));
      const checkpoint = await openCheckpoint(bytesSource(name, bytes));
      return { name, weight: 1, digest: '', checkpoint };
    };
    const sd1 = baseOf({ 'down_blocks.0.resnets.0.conv1.weight': [8, 8, 3, 3] });
    const xl = await read('xl-kohya-original');
    expect(() => resolveLoras([xl], sd1, product)).toThrow(
      /LoRA xl-kohya-original does not fit model "base": it has no weight for "lora_\w+.*"; the model is Stable Diffusion 1, the LoRA was made for Stable Diffusion XL/,
    );
    const flux = await loraOf({ 'lora_unet_double_blocks_0_img_attn_proj.lora_down.weight': down });
    expect(() => resolveLoras([flux], baseOf({}, true), product)).toThrow(
      /"lora_unet_double_blocks_0.*the model is Stable Diffusion XL, the LoRA was made for Flux/,
    );
  });

  it('wrong shapes, and a header that is torn', async () => {
    const lora = await loraOf({ [`${kohya}.lora_down.weight`]: down, [`${kohya}.lora_up.weight`]: up });
    const torn = await loraOf({ [`unet.${KEY}.lora_A.weight`]: down, [`unet.${KEY}.lora_B.weight`]: up }, 1, {
      lora_adapter_metadata: '{',
    });
    expect(() => readLoraFile(torn.checkpoint)).toThrow(CheckpointError);
    await expect(merged([lora], [1, 4], [0, 0, 0, 0])).rejects.toThrow(
      /lora_down.weight" is \[1, 2\] · \[2, 3\], which does not fit a weight of shape \[1, 4\]/,
    );
  });

  it('keys of an unknown form say which, and which are read', async () => {
    const key = 'diffusion_model.input_blocks.1.1.proj_in';
    const foreign = await loraOf({ [`${key}.lora_A.weight`]: down, [`${key}.lora_B.weight`]: up });
    expect(() => resolveLoras([foreign], baseOf({}), product)).toThrow(
      `LoRA test: its keys are of a form that is not known; the first is "${key}.lora_A.weight". Read are diffusers' keys`,
    );
  });

  it('two halves of different ranks are both named, with their shapes, and no other model is advised', async () => {
    const torn = await loraOf({
      [`${kohya}.alpha`]: { shape: [], values: [1] },
      [`${kohya}.lora_down.weight`]: down,
      [`${kohya}.lora_up.weight`]: { shape: [1, 4], values: [1, 2, 3, 4] },
    });
    const resolve = () => resolveLoras([torn], baseOf({ [`${KEY}.weight`]: [1, 3] }), product);
    expect(resolve).toThrow(
      `LoRA test: "${kohya}.lora_down.weight" of shape [2, 3] and "${kohya}.lora_up.weight" of shape [1, 4] disagree: ` +
        'the one has the rank 2, the other 4; the file is damaged',
    );
    expect(resolve).not.toThrow('choose one that fits');
  });

  it('numbers that are none are said by tensor while merging', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const lora = await loraOf({
        [`unet.${KEY}.lora_A.weight`]: down,
        [`unet.${KEY}.lora_B.weight`]: { shape: [1, 2], values: [10, bad] },
      });
      await expect(merged([lora], [1, 3], [1, 1, 1])).rejects.toThrow(
        `LoRA test: "unet.${KEY}.lora_B.weight" holds NaN or infinite numbers`,
      );
    }
  });

  it('a rank that no LoRA has', async () => {
    const rank = 20_000;
    const lora = await loraOf({
      [`unet.${KEY}.lora_A.weight`]: { shape: [rank, 1], values: new Array<number>(rank).fill(0) },
      [`unet.${KEY}.lora_B.weight`]: { shape: [1, rank], values: new Array<number>(rank).fill(0) },
    });
    await expect(merged([lora], [1, 1], [0])).rejects.toThrow('has a rank of 20000, more than the 16384');
  });
});

describe('many keys and patterns take no more time than there are of them', () => {
  it('alpha patterns', () => {
    const input = (n: number): StoredCheckpoint => {
      const tensors = new Map<string, IndexedTensor>();
      const patterns: Record<string, number> = {};
      const tensor = (shape: number[]): IndexedTensor => ({
        dtype: 'F32',
        shape,
        offset: 0,
        length: 4,
        file: bytesSource('x', new Uint8Array(4)),
      });
      for (let i = 0; i < n; i++) {
        tensors.set(`unet.down_blocks.${i}.x.lora_A.weight`, tensor([1, 1]));
        tensors.set(`unet.down_blocks.${i}.x.lora_B.weight`, tensor([1, 1]));
        patterns[`none.${i}`] = 1;
      }
      const about = { 'unet.lora_alpha': 1, 'unet.alpha_pattern': patterns };
      return { name: 'x', tensors, metadata: { lora_adapter_metadata: JSON.stringify(about) } };
    };
    const file = input(10_000);
    const start = performance.now();
    expect(readLoraFile(file).modules.length).toBe(10_000);
    // One by one they took 20 s and more.
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  it('names of a model', () => {
    const input = (n: number) =>
      Array.from({ length: n }, (_, i) => `up_blocks.${i}.upsamplers.0.conv.weight`).concat(
        'down_blocks.0.resnets.0.conv1.weight',
      );
    expect(growth(input, moduleNames, 1_000)).toBeLessThan(MOST_GROWTH);
  });
});

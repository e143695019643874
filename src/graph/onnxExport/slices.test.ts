import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { maxError, pseudoRandom, runOnce, type Tensor } from '../../../test/support/goldenGraph';
import { ModelProtoSchema, type NodeProto, TensorProto_DataType } from '../onnx/generated/onnx_pb';
import { type AttributeValue, inlineTensor, nodeProto, serializeModel, valueInfo } from '../onnx/proto';
import { wasmTarget } from '../onnx/targets';
import type { Graph, TensorEntry } from '../onnx/types';
import { adaptDecoder, adaptUnet, describeUnet } from './adapt';
import { describeExport } from './editor';
import { exportedFootprint } from './footprint';
import { readExported } from './read';
import { sliceAttention } from './slices';

const node = (
  op: string,
  inputs: string,
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
) => nodeProto(op, '', output, inputs.split(' '), [output], attributes);

/** Queries [2, n, 4], keys as columns [2, 4, s] and rows [2, s, 4], values [2, s, 3], masks [2, n, s] and [s] → y. */
function model(nodes: NodeProto[], outputs = ['y'], version = 18n): Graph {
  const inputs = {
    queries: [2, 'n', 4],
    columns: [2, 4, 's'],
    keys: [2, 's', 4],
    values: [2, 's', 3],
    mask: [2, 'n', 's'],
    bias: ['s'],
  };
  const initializers = [
    inlineTensor('scale', 'float32', [], [0.5]),
    inlineTensor('zero', 'float32', [], [0]),
  ].filter(({ name }) => nodes.some(({ input }) => input.includes(name)));
  const bytes = serializeModel('attention', {
    nodes,
    initializers,
    inputs: Object.entries(inputs).map(([name, dims]) => valueInfo(name, 'float32', dims)),
    outputs: outputs.map((name) => valueInfo(name, 'float32', [2, 'n', 'width'])),
  });
  const proto = fromBinary(ModelProtoSchema, bytes);
  for (const opset of proto.opsetImport) if (opset.domain === '') opset.version = version;
  const inputNames = Object.keys(inputs);
  return { bytes: toBinary(ModelProtoSchema, proto), inputNames, outputNames: outputs, paths: [] };
}

const opsOf = ({ bytes }: Graph) =>
  (fromBinary(ModelProtoSchema, bytes).graph?.node ?? []).map(({ opType }) => opType);
const softmaxesIn = (graph: Graph) => opsOf(graph).filter((op) => op === 'Softmax').length;

const feeds = (n: number, s: number): Record<string, Tensor> => ({
  queries: pseudoRandom([2, n, 4], 1),
  columns: pseudoRandom([2, 4, s], 2),
  keys: pseudoRandom([2, s, 4], 3),
  values: pseudoRandom([2, s, 3], 4),
  mask: pseudoRandom([2, n, s], 5),
  bias: pseudoRandom([s], 6),
});

const product = node('MatMul', 'queries columns', 'scores');
const softmax = node('Softmax', 'scores', 'weights', { axis: -1 });
const last = node('MatMul', 'weights values', 'y');

/** As torch writes `baddbmm(empty, queries, keysᵀ, beta=0, alpha=scale)`. */
const baddbmm = [
  product,
  node('Shape', 'mask', 'shape'),
  node('ConstantOfShape', 'shape', 'empty'),
  node('Mul', 'scores scale', 'scaled'),
  node('Mul', 'empty zero', 'zeros'),
  node('Add', 'scaled zeros', 'sum'),
  node('Softmax', 'sum', 'weights', { axis: 2 }),
  last,
];

const forms: [string, NodeProto[], bigint?][] = [
  ['alone', [product, softmax, last]],
  [
    'with scaled queries and keys, as of 2023 and on',
    [
      node('Mul', 'queries scale', 'q'),
      node('Mul', 'columns scale', 'k'),
      node('MatMul', 'q k', 'scores'),
      softmax,
      last,
    ],
  ],
  [
    'scaled and masked, for every query',
    [
      product,
      node('Div', 'scores scale', 'scaled'),
      node('Add', 'mask scaled', 'masked'),
      node('Softmax', 'masked', 'weights'),
      last,
    ],
  ],
  [
    'masked alike for all queries',
    [product, node('Add', 'scores bias', 'masked'), node('Softmax', 'masked', 'weights'), last],
  ],
  [
    'in another type, as half precision is upcast',
    [
      product,
      node('Cast', 'scores', 'wide', { to: TensorProto_DataType.DOUBLE }),
      node('Softmax', 'wide', 'even', { axis: -1 }),
      node('Cast', 'even', 'weights', { to: TensorProto_DataType.FLOAT }),
      last,
    ],
  ],
  [
    'of the first exporters, by letters',
    [
      node('Einsum', 'queries keys', 'product', { equation: 'b i d, b j d -> b i j' }),
      node('Mul', 'product scale', 'scores'),
      softmax,
      node('Einsum', 'weights values', 'y', { equation: 'bij,bjd->bid' }),
    ],
  ],
  [
    'of opset 11, whose softmax names its axis',
    [product, node('Softmax', 'scores', 'weights', { axis: 2 }), last],
    11n,
  ],
  ['with queries that are values too', [product, softmax, node('MatMul', 'weights queries', 'y')]],
];

/** Runs both on that many queries and keys. */
async function expectAlike(sliced: Graph, whole: Graph, queries: number, keys: number) {
  const values = feeds(queries, keys);
  const found = await runOnce(sliced, new Map(), values, 'y');
  const expected = await runOnce(whole, new Map(), values, 'y');
  expect(maxError(found, expected), `${queries} queries`).toBeLessThan(1e-6);
}

describe('attention in slices', () => {
  it.each(forms)('%s: gives what it gave whole', async (_name, nodes, version) => {
    const whole = model(nodes, ['y'], version);
    // 7 queries and 7 keys of two rows: 392 bytes of scores, of doubles 784. Neither 3 nor 7 divides the other sizes.
    const bytes = opsOf(whole).includes('Cast') ? 784 : 392;
    const sliced = sliceAttention(whole, { n: 7, s: 7 }, Math.ceil(bytes / 3));
    expect(softmaxesIn(sliced)).toBe(3);
    for (const n of [7, 1, 16]) await expectAlike(sliced, whole, n, n);
  });

  it('drops zeros that were added to all scores, and has as much memory as is asked for', async () => {
    const whole = model(baddbmm);
    const dims = { n: 64, s: 64 };
    const sliced = sliceAttention(whole, dims, 4096);
    expect(softmaxesIn(sliced)).toBe(8);
    expect(opsOf(sliced)).not.toContain('ConstantOfShape');
    // 2 · 64 · 64 floats are 32,768 bytes, and there were three of them: scaled, zeros, and their sum. Of slices there are
    // two, beside padded queries and the mask, which nothing reads any more and is an input still.
    const saved =
      exportedFootprint(whole, dims).activationBytes - exportedFootprint(sliced, dims).activationBytes;
    expect(saved).toBeGreaterThan(2 * 32_768 - 2 * 4608 - 6000);
    await expectAlike(sliced, whole, 9, 5);
  });

  it('leaves alone what is small enough', () => {
    const whole = model([product, softmax, last]);
    expect(sliceAttention(whole, { n: 7, s: 7 }, 392)).toBe(whole);
  });

  const untouched: [string, NodeProto[], string[]?, bigint?][] = [
    ['weights that are read twice', [product, softmax, last, node('ReduceMean', 'weights', 'mean')]],
    ['scores that the graph gives away', [product, softmax, last], ['y', 'scores']],
    ['a softmax over the queries', [product, node('Softmax', 'scores', 'weights', { axis: 1 }), last]],
    ['a softmax over both axes', [product, node('Softmax', 'scores', 'weights'), last], ['y'], 12n],
    [
      'scores whose rows become columns in between',
      [
        product,
        node('Transpose', 'scores', 'turned', { perm: [0, 2, 1] }),
        node('Softmax', 'turned', 'weights'),
        last,
      ],
    ],
    ['weights on the right', [product, softmax, node('MatMul', 'mask weights', 'y')]],
    ['no product before', [node('Softmax', 'mask', 'weights'), last]],
    ['no product after', [product, node('Softmax', 'scores', 'y')]],
    [
      'two products that are added',
      [
        product,
        node('MatMul', 'queries columns', 'others'),
        node('Add', 'scores others', 'sum'),
        node('Softmax', 'sum', 'weights'),
        last,
      ],
    ],
    [
      'what divides by the scores',
      [product, node('Div', 'mask scores', 'part'), node('Softmax', 'part', 'weights'), last],
    ],
    [
      'letters that sum over queries',
      [node('Einsum', 'queries keys', 'scores', { equation: 'bid,bjd->bji' }), softmax, last],
    ],
  ];
  it.each(untouched)('never touches %s', (_name, nodes, outputs, version) => {
    const whole = model(nodes, outputs, version);
    expect(sliceAttention(whole, { n: 7, s: 7 }, 100)).toBe(whole);
  });
});

/** An export's graph, and its weights where they lie. */
async function opened(path: string) {
  const bytes = new Uint8Array(readFileSync(`goldens/onnx/${path}`));
  const reader = {
    name: 'model.onnx',
    size: bytes.byteLength,
    read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
  };
  const { skeleton, tensors } = await readExported(reader, async () => undefined);
  const index = new Map<string, TensorEntry>(
    tensors.map(({ name, shape, offset, length }) => [
      name,
      { dtype: 'F32', shape, path: reader.name, offset, length },
    ]),
  );
  return { skeleton, index, files: new Map([[reader.name, bytes]]) };
}

describe('exports with all their attention in slices', () => {
  it('a UNet, at sizes that it was not sliced for', async () => {
    const { skeleton, index, files } = await opened('inpaint/unet/model.onnx');
    const whole = adaptUnet(skeleton, index, wasmTarget, describeUnet(describeExport(skeleton), {}));
    const dims = {
      batch: 2,
      sample_batch: 1,
      mask_latents_batch: 1,
      width: 8,
      height: 8,
      tokens: 77,
      text_width: 16,
    };
    // 2 rows · 2 heads · 64² scores are 65,536 bytes, of the text's 78,848.
    const sliced = sliceAttention(whole, dims, 2 ** 14);
    expect(softmaxesIn(sliced)).toBeGreaterThan(3 * softmaxesIn(whole));
    const small = exportedFootprint(sliced, dims).activationBytes;
    expect(small).toBeLessThan(exportedFootprint(whole, dims).activationBytes);
    for (const [width, height] of [
      [8, 8],
      [5, 3],
    ] as const) {
      const values = {
        sample: pseudoRandom([1, 4, height, width], 1),
        mask_latents: pseudoRandom([1, 5, height, width], 2),
        timestep: { dims: [1], values: Float32Array.of(321) },
        encoder_hidden_states: pseudoRandom([2, 77, 16], 3),
      };
      const expected = await runOnce(whole, files, values, 'prediction');
      const found = await runOnce(sliced, files, values, 'prediction');
      expect(maxError(found, expected), `${width} × ${height}`).toBeLessThan(1e-5);
    }
  });

  it('a decoder', async () => {
    const { skeleton, index, files } = await opened('inpaint/vae_decoder/model.onnx');
    const whole = adaptDecoder(skeleton, index, wasmTarget);
    const sliced = sliceAttention(whole, { width: 8, height: 8, channels: 4 }, 4096);
    expect(softmaxesIn(sliced)).toBe(4);
    const latents = { latents: pseudoRandom([1, 4, 7, 5], 1) };
    const expected = await runOnce(whole, files, latents, 'pixels');
    expect(maxError(await runOnce(sliced, files, latents, 'pixels'), expected)).toBeLessThan(1e-5);
  });
});

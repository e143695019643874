import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { runOnce } from '../../../test/support/goldenGraph';
import {
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../onnx/generated/onnx_pb';
import { externalTensor, inlineTensor, nodeProto, serializeModel, valueInfo } from '../onnx/proto';
import { plainForms, wasmTarget as wasm } from '../onnx/targets';
import { GraphError } from '../onnx/tensors';
import type { GraphTarget, TensorIndex } from '../onnx/types';
import { adaptEncoder, adaptUnet, describeUnet } from './adapt';
import { describeExport } from './editor';
import { type RandomReader, readExported } from './read';

const webgpu: GraphTarget = { ...wasm, provider: 'webgpu' };
const none: TensorIndex = new Map();

function reader(name: string, bytes: Uint8Array, reads: [number, number][] = []): RandomReader {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      reads.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}
const alone = async () => undefined;
const golden = (path: string) => new Uint8Array(readFileSync(`goldens/onnx/${path}`));

/** A model whose `y` is what `nodes` make of `x`. */
function model(
  nodes: NodeProto[],
  initializers = [inlineTensor('two', 'float32', [1], [2])],
): Uint8Array<ArrayBuffer> {
  const inputs = [valueInfo('x', 'float32', ['n'])];
  return serializeModel('m', { nodes, initializers, inputs, outputs: [valueInfo('y', 'float32', ['n'])] });
}
const double = nodeProto('Mul', '', 'double', ['x', 'two'], ['y'], {});

describe('readExported', () => {
  it('steps over weights and reads the graph alone', async () => {
    const bytes = golden('inpaint/unet/model.onnx');
    const reads: [number, number][] = [];
    const weight = new Uint8Array(4_000_000).fill(7);
    const proto = fromBinary(ModelProtoSchema, bytes);
    proto.graph?.initializer.push(
      create(TensorProtoSchema, {
        name: 'large',
        dataType: TensorProto_DataType.FLOAT,
        dims: [1_000_000n],
        rawData: weight,
      }),
    );
    const file = toBinary(ModelProtoSchema, proto);
    const { tensors, skeleton } = await readExported(reader('m', file, reads), alone);
    expect(reads.reduce((sum, [, length]) => sum + length, 0)).toBeLessThan(2_000_000);
    expect(skeleton.byteLength).toBeLessThan(bytes.byteLength);
    const large = tensors.find(({ name }) => name === 'large');
    expect(large).toMatchObject({ type: 'F32', shape: [1_000_000], length: 4_000_000 });
    const values = Buffer.from(file.slice(large?.offset, (large?.offset ?? 0) + 4_000_000));
    expect(values.equals(weight)).toBe(true);
    const conv = tensors.find(({ name }) => name === 'conv_in.weight');
    expect(conv).toMatchObject({ type: 'F32', shape: [8, 9, 3, 3], length: 8 * 9 * 9 * 4 });
  });

  it('says of a file cut anywhere that it is damaged, and never anything else', async () => {
    const bytes = golden('inpaint/vae_decoder/model.onnx');
    for (let end = 0; end < bytes.byteLength; end += 4099) {
      const cut = readExported(reader('m.onnx', bytes.slice(0, end)), alone);
      await expect(cut, `cut at ${end}`).rejects.toThrow(GraphError);
    }
  });

  const at = (location: string, length: number) => {
    const tensor = externalTensor('two', 'float32', [length / 4], { path: location, offset: 0, length });
    return model([double], [tensor]);
  };
  it.each(['../secret', '/etc/passwd', '..', 'deeper/data', 'data'])(
    'does not open "%s"',
    async (location) => {
      const open = async (name: string) => (name === 'data' ? undefined : reader(name, new Uint8Array(4)));
      await expect(readExported(reader('m', at(location, 4)), open)).rejects.toThrow(
        `the values of "two" are in "${location}", which is missing beside it`,
      );
    },
  );

  it('refuses weights that end past the end of their file, or are quantised', async () => {
    const small = async () => reader('data', new Uint8Array(100));
    await expect(readExported(reader('m', at('data', 4000)), small)).rejects.toThrow(
      /data: "two" ends past the end of the file/,
    );
    const quantised = create(TensorProtoSchema, {
      name: 'weight_quantized',
      dataType: TensorProto_DataType.INT8,
      dims: [2n ** 25n],
      rawData: new Uint8Array(2 ** 25),
    });
    await expect(readExported(reader('m', model([double], [quantised])), alone)).rejects.toThrow(
      /"weight_quantized" are of type INT8: quantised exports are not supported/,
    );
  });
});

describe('what ONNX Runtime computes wrongly', () => {
  const unetOf = async (target: GraphTarget) => {
    const { skeleton, tensors } = await readExported(reader('m', golden('inpaint/unet/model.onnx')), alone);
    const index: TensorIndex = new Map(
      tensors.map(({ name, shape, offset, length }) => [
        name,
        { dtype: 'F32', shape, path: 'm', offset, length },
      ]),
    );
    const graph = adaptUnet(skeleton, index, target, describeUnet(describeExport(skeleton), {}));
    return fromBinary(ModelProtoSchema, graph.bytes).graph;
  };

  it('is mended: a first convolution of 9 channels gets 12 on WebGPU', async () => {
    const padsOf = async (target: GraphTarget) => {
      const graph = await unetOf(target);
      const conv = graph?.node.find(({ opType }) => opType === 'Conv');
      return conv?.input.slice(0, 2).map((name) => {
        const maker = graph?.node.find(({ output }) => output.includes(name));
        if (maker?.opType !== 'Pad') return undefined;
        const sizes = graph?.initializer.find((tensor) => tensor.name === maker.input[1])?.rawData;
        return sizes && [...new BigInt64Array(sizes.slice().buffer)].map(Number);
      });
    };
    expect(await padsOf(webgpu)).toEqual([
      [0, 0, 0, 0, 0, 3, 0, 0],
      [0, 0, 0, 0, 0, 3, 0, 0],
    ]);
    expect(await padsOf(wasm)).toEqual([undefined, undefined]);
  });

  const encoder = (node: NodeProto, version = 20n) => {
    const proto = fromBinary(ModelProtoSchema, model([node]));
    proto.opsetImport = [
      create(OperatorSetIdProtoSchema, { domain: '', version }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ];
    return toBinary(ModelProtoSchema, proto);
  };
  const fused = (op: string) => encoder(nodeProto(op, 'com.microsoft', 'fused', ['x', 'two'], ['y'], {}));
  it.each([
    ['GroupNorm', wasm, /operator GroupNorm does not run on this one/],
    ['BiasSplitGelu', wasm, /operator BiasSplitGelu does not run/],
    ['MultiHeadAttention', webgpu, /operator MultiHeadAttention gives wrong values on this one/],
    ['Attention', webgpu, /operator Attention gives wrong values/],
    ['NhwcConv', { ...webgpu, forms: { ...plainForms, groupNorm: true } }, /operator NhwcConv does not run/],
  ] as const)('is refused: %s', (op, target, message) => {
    expect(() => adaptEncoder(fused(op), none, target)).toThrow(message);
  });

  it('is refused: automatic padding on WebGPU, and opsets of before', () => {
    const auto = encoder(nodeProto('Conv', '', 'c', ['x', 'two'], ['y'], { auto_pad: 'SAME_UPPER' }));
    expect(() => adaptEncoder(auto, none, webgpu)).toThrow(/"c" is a convolution with auto_pad/);
    expect(() => adaptEncoder(encoder(double, 10n), none, wasm)).toThrow(/of opset 10, and the oldest/);
  });
});

describe('an export of a fixed batch, with an integer timestep', () => {
  // prediction = sample · timestep + mean of the text's row
  const nodes = [
    nodeProto('Cast', '', 'cast', ['timestep'], ['t'], { to: TensorProto_DataType.FLOAT }),
    nodeProto('Mul', '', 'mul', ['sample', 't'], ['timed'], {}),
    nodeProto('ReduceMean', '', 'mean', ['encoder_hidden_states', 'axes'], ['mean'], { keepdims: 1 }),
    nodeProto('Reshape', '', 'shape', ['mean', 'target'], ['rows'], {}),
    nodeProto('Add', '', 'add', ['timed', 'rows'], ['out_sample'], {}),
  ];
  const skeleton = serializeModel('unet', {
    nodes,
    initializers: [
      inlineTensor('axes', 'int64', [2], [1, 2]),
      inlineTensor('target', 'int64', [4], [2, 1, 1, 1]),
    ],
    inputs: [
      valueInfo('sample', 'float32', [2, 4, 1, 1]),
      valueInfo('timestep', 'int64', []),
      valueInfo('encoder_hidden_states', 'float32', [2, 3, 2]),
    ],
    outputs: [valueInfo('out_sample', 'float32', [2, 4, 1, 1])],
  });
  const unet = describeUnet(describeExport(skeleton), {});

  it('says its sizes', () => {
    expect(unet).toEqual({
      batch: 2,
      height: 1,
      width: 1,
      tokens: 3,
      inChannels: 4,
      outChannels: 4,
      isXl: false,
      multiple: 1,
    });
  });

  it('computes the rows that are asked for, and does not lose the fraction of a timestep', async () => {
    const graph = adaptUnet(skeleton, none, wasm, unet);
    const text = Float32Array.from({ length: 3 * 6 }, (_, i) => Math.floor(i / 6) * 10); // rows of 0, 10 and 20
    const found = await runOnce(
      graph,
      new Map(),
      {
        sample: { dims: [1, 4, 1, 1], values: Float32Array.of(1, 2, 3, 4) },
        timestep: { dims: [1], values: Float32Array.of(2.5) },
        encoder_hidden_states: { dims: [3, 3, 2], values: text },
        rows: { dims: [2], values: Int32Array.of(2, 1) },
      },
      'prediction',
    );
    expect([...found.values]).toEqual([22.5, 25, 27.5, 30, 12.5, 15, 17.5, 20]);
  });

  it('with an input of its own is refused by name', () => {
    const proto = fromBinary(ModelProtoSchema, skeleton);
    const extra = valueInfo('class_labels', 'float32', ['batch']);
    proto.graph?.input.push(create(ValueInfoProtoSchema, extra));
    expect(() => adaptUnet(toBinary(ModelProtoSchema, proto), none, wasm, unet)).toThrow(
      /the export wants "class_labels", which is not supported/,
    );
  });

  it('of a latent consistency model says how many numbers tell it the guidance', () => {
    const proto = fromBinary(ModelProtoSchema, skeleton);
    const width = (dims: (string | number)[], configured = {}) => {
      const input = create(ValueInfoProtoSchema, valueInfo('timestep_cond', 'float32', dims));
      const told = {
        ...proto,
        graph: proto.graph && { ...proto.graph, input: [...proto.graph.input, input] },
      };
      return describeUnet(describeExport(toBinary(ModelProtoSchema, told)), configured).guidanceWidth;
    };
    expect(width(['batch', 256])).toBe(256);
    expect(width(['batch', 'numbers'], { guidanceWidth: 20 })).toBe(20);
    expect(width(['batch', 'numbers'])).toBeUndefined();
    // What a configuration says counts for nothing where the graph takes no such input.
    expect(describeUnet(describeExport(skeleton), { guidanceWidth: 20 }).guidanceWidth).toBeUndefined();
  });
});

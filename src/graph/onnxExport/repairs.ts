/** What ONNX Runtime would compute wrongly, or not at all, in a graph that somebody else wrote. */
import type { ModelProto, NodeProto } from '../onnx/generated/onnx_pb';
import { TensorProto_DataType } from '../onnx/generated/onnx_pb';
import { GraphError } from '../onnx/tensors';
import type { Forms, GraphTarget } from '../onnx/types';

/** What a repair does to a graph. */
export interface Repairable {
  readonly component: string;
  readonly target: GraphTarget;
  readonly opset: number;
  constantInts(...values: number[]): string;
  /** Puts a node before the one that reads it. @returns its output */
  insert(before: NodeProto, op: string, inputs: readonly string[]): string;
}

/** Older ones lack Pad with the sizes as an input. Exports of Stable Diffusion begin with 14. */
const OLDEST_OPSET = 11;

/** ONNX Runtime's own operators that only its CUDA provider has. */
const CUDA_ONLY = [
  'NhwcConv',
  'BiasAdd',
  'PackedMultiHeadAttention',
  'PackedAttention',
  'DecoderMaskedMultiHeadAttention',
];

/** And those whose kernels are right on some devices only, by the form that the canary tries. */
const FORM_OF: Readonly<Record<string, keyof Forms>> = {
  MultiHeadAttention: 'multiHeadAttention',
  Attention: 'multiHeadAttention',
  GroupQueryAttention: 'multiHeadAttention',
  GroupNorm: 'groupNorm',
  SkipGroupNorm: 'groupNorm',
  BiasSplitGelu: 'biasSplitGelu',
};
/** Of these the CPU has none. */
const GPU_ONLY: readonly string[] = ['GroupNorm', 'SkipGroupNorm', 'BiasSplitGelu'];

/**
 * Refuses operators that the target lacks or computes wrongly, and mends the convolutions that WebGPU computes wrongly.
 * @throws GraphError naming the operator
 */
export function repair(graph: Repairable, model: ModelProto): void {
  const { component, target, opset } = graph;
  if (opset < OLDEST_OPSET) {
    throw new GraphError(
      `${component}: the export is of opset ${opset}, and the oldest that runs here is ${OLDEST_OPSET}; name a newer export`,
    );
  }
  for (const node of [...(model.graph?.node ?? [])]) {
    if (node.domain === 'com.microsoft') refuseFused(component, node, target);
    if (node.opType === 'Conv' && target.provider === 'webgpu') mendConvolution(graph, node, model);
  }
}

function refuseFused(component: string, { opType }: NodeProto, { provider, forms }: GraphTarget): void {
  const form = Object.hasOwn(FORM_OF, opType) ? FORM_OF[opType] : undefined;
  const isRight = form === undefined || provider === 'wasm' || forms[form];
  const isMissing = CUDA_ONLY.includes(opType) || (provider === 'wasm' && GPU_ONLY.includes(opType));
  if (isRight && !isMissing) return;
  throw new GraphError(
    `${component}: the export is optimised for other devices: its operator ${opType} ` +
      `${isMissing ? 'does not run on this one' : 'gives wrong values on this one'}; name an export without optimisation`,
  );
}

/**
 * WebGPU's Conv is silently wrong for some numbers of input channels that four does not divide (9, the inpainting
 * UNets', among them): channels of zeros change nothing and avoid it. See graph/layers/nn.ts.
 */
function mendConvolution(graph: Repairable, node: NodeProto, model: ModelProto): void {
  const attribute = (name: string) => node.attribute.find((attribute) => attribute.name === name);
  const autoPad = new TextDecoder().decode(attribute('auto_pad')?.s ?? new Uint8Array());
  if (autoPad.startsWith('SAME')) {
    throw new GraphError(
      `${graph.component}: "${node.name}" is a convolution with auto_pad, which WebGPU computes wrongly; name another export`,
    );
  }
  if (Number(attribute('group')?.i ?? 1n) !== 1) return;
  const [pixels = '', weight = '', ...rest] = node.input;
  const tensor = model.graph?.initializer.find(({ name }) => name === weight);
  if (tensor === undefined) {
    throw new GraphError(
      `${graph.component}: "${node.name}" is a convolution whose weights are computed, which is not supported on ` +
        'WebGPU; name an export that is not quantised',
    );
  }
  const missing = (4 - (Number(tensor.dims[1] ?? 0n) % 4)) % 4;
  if (missing === 0) return;
  const sizes = graph.constantInts(0, 0, 0, 0, 0, missing, 0, 0);
  const padded = [pixels, weight].map((name) => graph.insert(node, 'Pad', [name, sizes]));
  node.input = [...padded, ...rest];
}

/** Operators through which a number goes as it is. */
const CARRIERS = [
  'Unsqueeze',
  'Squeeze',
  'Expand',
  'Reshape',
  'Identity',
  'Slice',
  'Gather',
  'Flatten',
  'Tile',
];

/**
 * Whether an input may be of another type than the one it was traced with, since every node that computes with it casts
 * it first. A timestep traced as an integer, or in half precision, would lose the fractions that some schedulers have.
 */
export function isCastBeforeUse(nodes: readonly NodeProto[], input: string): boolean {
  const carried = new Set([input]);
  for (const node of nodes) {
    const [first = ''] = node.input;
    if (!node.input.some((name) => carried.has(name))) continue;
    if (node.opType === 'Shape') continue;
    if (node.opType === 'Cast') {
      if (Number(node.attribute.find(({ name }) => name === 'to')?.i ?? 0n) !== TensorProto_DataType.FLOAT)
        return false;
      continue;
    }
    const isCarrier = CARRIERS.includes(node.opType) && carried.has(first);
    if (!isCarrier || node.input.slice(1).some((name) => carried.has(name))) return false;
    for (const output of node.output) carried.add(output);
  }
  return true;
}

/**
 * What a UNet's way down halves and its way up doubles, the first to the last: an export knows no other sizes than those
 * that were traced, which were even, and doubles 6 to 12 where the way down came from 11.
 */
export function halvings(nodes: readonly NodeProto[]): { halved: string[]; doublings: NodeProto[] } {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const halved = nodes.filter(isHalving).map(({ input: [name = ''] }) => {
    const maker = makers.get(name);
    return maker?.opType === 'Pad' ? (maker.input[0] ?? '') : name;
  });
  return { halved, doublings: nodes.filter(({ opType }) => opType === 'Resize' || opType === 'Upsample') };
}

function isHalving({ opType, attribute }: NodeProto): boolean {
  const strides = attribute.find(({ name }) => name === 'strides')?.ints ?? [];
  return opType === 'Conv' && strides.length === 2 && strides.every((stride) => stride === 2n);
}

/** A removal model whose one network comes as an ONNX graph, at a size of its own. */
import { InternalError } from '../../contract/errors';
import type { FamilyId } from '../../contract/families';
import type { ModelFacts } from '../../contract/modelLibrary';
import { describeExport, type Port } from '../../graph/onnxExport/editor';
import {
  adaptRemoval,
  type Cut,
  cutExport,
  dimensionName,
  type RemovalPorts,
} from '../../graph/onnxExport/removal';
import type { Size } from '../../image/geometry';
import type { RemovalModel } from '../../pipeline/model';
import {
  asUnsupportedError,
  type Blueprint,
  type Family,
  type Opener,
  type Part,
  type PartSource,
  type ReadSkeleton,
} from '../blueprint';
import type { ConfigFiles } from '../configFiles';
import { lazyDisposable } from '../lazy';
import { exportedNetworks } from '../onnxExport/networks';
import type { Feeds } from '../runtime/session';

/** What a removal model is given: an opaque image, and what of it is to go. */
type Pixels = Parameters<RemovalModel['run']>[0];
type Mask = Parameters<RemovalModel['run']>[1];

/** What the removal families differ in. */
export interface RemovalRules {
  id: Extract<FamilyId, 'lama' | 'migan'>;
  /** `_class_name` of the index that stands for it. */
  className: string;
  /** Which of the files at a repository's root is the network. */
  choose(paths: readonly string[]): string | undefined;
  /** Where the generator is in exports that have a program around it. */
  cut?: Cut;
  /** @returns the inputs in the order of {@link RemovalRules.inputs}, and the output @throws GraphError if it lacks one */
  ports(inputs: readonly Port[], outputs: readonly Port[]): RemovalPorts;
  /**
   * The network's inputs.
   * @param hole what is not 0 is removed
   */
  feeds(image: Pixels, hole: Mask, ports: RemovalPorts): Feeds;
  /** A value of its output as 0 … 255. */
  toByte(value: number): number;
}

/** Side in pixels, unless the graph says otherwise. */
const USUAL_SIDE = 512;

/** The family of these rules. */
export function removalFamily(rules: RemovalRules): Family {
  const { id, className, choose } = rules;
  return {
    id,
    weights: [
      {
        folder: `${id}_weights`,
        stem: 'model',
        exports: [id],
        kohya: [],
        // Their Fourier transforms and wide sums lose too much in 16 bits.
        precision: () => 'fp32',
      },
    ],
    tokenizers: [],
    recognises: ({ index }) =>
      typeof index === 'object' &&
      index !== null &&
      '_class_name' in index &&
      index._class_name === className,
    describeExport: (files, readSkeleton) => describe(rules, files, readSkeleton),
    rootNetwork: { choose, folder: id, index: { _class_name: className, [id]: ['onnx', 'Generator'] } },
  };
}

async function describe(
  rules: RemovalRules,
  { name }: ConfigFiles,
  readSkeleton: ReadSkeleton,
): Promise<Blueprint> {
  const { id } = rules;
  const skeleton = await readSkeleton(id);
  const [, , height, width] = skeleton
    ? await asUnsupportedError(name, () => portsOf(rules, skeleton).inputs[0]?.dims ?? [])
    : [];
  const fixedSize = { width: width ?? USUAL_SIDE, height: height ?? USUAL_SIDE };
  const facts: ModelFacts = {
    family: id,
    isInpainting: true,
    nativeSize: Math.max(fixedSize.width, fixedSize.height),
    fixedSize,
    removes: true,
  };
  const part: Part = {
    name: 'generator',
    weights: { folder: id, stem: 'model', precision: () => 'fp32' },
    build(from, target) {
      if (from.skeleton === undefined) throw new InternalError('an export was opened without its graph');
      const { tensors } = from;
      const generator = given(rules, from);
      return adaptRemoval(id, generator, tensors, target, portsOf(rules, generator));
    },
    dims({ width, height }, from) {
      const { inputs } = portsOf(rules, given(rules, from));
      const sides = inputs.flatMap(({ name }) => [
        [dimensionName(name, 2), height],
        [dimensionName(name, 3), width],
      ]);
      return Object.fromEntries(sides);
    },
  };
  return {
    name,
    facts,
    parts: [part],
    form: exportedNetworks(readSkeleton),
    connect: async (opener) => connect(rules, name, fixedSize, part, opener),
  };
}

function connect(
  rules: RemovalRules,
  name: string,
  fixedSize: Size,
  part: Part,
  { open }: Opener,
): RemovalModel {
  const generator = lazyDisposable(async () => {
    const { session, source } = await open(part);
    return { session, ports: portsOf(rules, given(rules, source)), dispose: () => session.dispose() };
  });
  return {
    task: 'remove',
    name,
    nativeSize: Math.max(fixedSize.width, fixedSize.height),
    fixedSize,
    removes: true,
    async run(image, hole, { signal, onProgress }) {
      const { session, ports } = await generator.get();
      signal.throwIfAborted();
      const values = await session.read(rules.feeds(image, hole, ports), 'result');
      signal.throwIfAborted();
      onProgress(1);
      return pasted(image, hole, values, rules.toByte);
    },
    dispose: () => generator.dispose(),
  };
}

/** The output where there is a hole, the image elsewhere: what networks give around the hole is only nearly the image. */
function pasted(image: Pixels, hole: Mask, values: Float32Array, toByte: (value: number) => number): Pixels {
  const data = new Uint8ClampedArray(image.data);
  const plane = image.width * image.height;
  for (let pixel = 0; pixel < plane; pixel++) {
    if (hole.data[pixel] === 0) continue;
    for (let c = 0; c < 3; c++) data[pixel * 4 + c] = toByte(values[c * plane + pixel] ?? 0);
    data[pixel * 4 + 3] = 255;
  }
  return { width: image.width, height: image.height, data };
}

/** The given graph's generator. */
function given({ cut }: RemovalRules, { skeleton }: PartSource): Uint8Array {
  if (skeleton === undefined) throw new InternalError('an export was opened without its graph');
  return cut === undefined ? skeleton : cutExport(skeleton, cut);
}

function portsOf(rules: RemovalRules, skeleton: Uint8Array): RemovalPorts {
  const generator = given(rules, { skeleton, tensors: new Map() });
  const { inputs, outputs } = describeExport(generator);
  return rules.ports([...inputs.values()], [...outputs.values()]);
}

/** [1, 1, H, W]: 1 where something is removed, 0 where the image is known. */
export function holePlane({ data }: Mask): Float32Array {
  return Float32Array.from(data, (value) => (value === 0 ? 0 : 1));
}

/** [1, 3, H, W] of an opaque image, each byte as `scaled` gives it; 0 in the hole. */
export function knownPlanes({ width, height, data }: Pixels, hole: Mask, scaled: (byte: number) => number) {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    if (hole.data[pixel] !== 0) continue;
    for (let c = 0; c < 3; c++) values[c * plane + pixel] = scaled(data[pixel * 4 + c] ?? 0);
  }
  return values;
}

/**
 * What an export takes of memory: the rules of graph/footprint.ts, with the operators that exporters write besides. They
 * compute shapes in the graph, from those of its inputs: few numbers, which are computed here as the graph would.
 */
import {
  broadcast,
  countOf,
  type Footprint,
  footprint,
  inferOwn,
  type Node,
  type Shape,
  type Sizes,
} from '../footprint';
import type { StoredElement } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';
import type { Graph } from '../onnx/types';

/**
 * @param graph as adapt.ts gives it
 * @param dims as of `footprint`
 * @throws GraphError if an operator is not known here, or a shape follows from values that only a run has
 */
export function exportedFootprint(
  graph: Pick<Graph, 'bytes'>,
  dims: Readonly<Record<string, number>>,
): Footprint {
  return footprint(graph, dims, inferExported);
}

/** Lists of numbers longer than this are no shapes. */
const MAX_VALUES = 1024;

const UNARY = new Set(
  'Sigmoid Erf Exp Log Sqrt Neg Abs Tanh Reciprocal Ceil Round Clip Identity Not Floor Dropout RandomNormalLike'.split(
    ' ',
  ),
);
const BINARY = new Set('Add Sub Mul Div Pow Min Max Mod'.split(' '));
const COMPARISONS = new Set('Equal Less Greater LessOrEqual GreaterOrEqual And Or'.split(' '));
const REDUCTIONS = new Set('ReduceMean ReduceSum ReduceMax ReduceMin ReduceL2'.split(' '));

/** The sizes of a node's outputs, and of a few numbers the values. @throws GraphError as {@link exportedFootprint} */
export function inferExported(node: Node, sizes: Sizes): void {
  inferShapes(node, sizes);
  const [output = ''] = node.outputs;
  const values = sizes.values(output) ?? valuesOf(node, sizes);
  const shape = sizes.shape(output);
  if (values !== undefined && values.length === countOf(shape))
    sizes.set(output, shape, sizes.element(output), values);
}

function inferShapes(node: Node, sizes: Sizes) {
  const { op, inputs } = node;
  const [first, second] = inputs;
  const [output = ''] = node.outputs;
  const give = (shape: Shape, element: StoredElement = sizes.element(first)) =>
    sizes.set(output, shape, element);
  if (UNARY.has(op)) return give(sizes.shape(first));
  if (BINARY.has(op)) return give(broadcast(sizes.shape(first), sizes.shape(second)));
  if (COMPARISONS.has(op)) return give(broadcast(sizes.shape(first), sizes.shape(second)), 'bool');
  if (REDUCTIONS.has(op))
    return give(reduced(sizes.shape(first), axesOf(node, sizes), node.int('keepdims') ?? 1));
  switch (op) {
    case 'Constant': {
      const constant = node.tensor('value');
      if (constant === undefined)
        throw new GraphError(`no rule for "${output}", a Constant without a tensor`);
      return sizes.set(output, constant.dims, constant.element, constant.values);
    }
    case 'Cast':
      return give(sizes.shape(first), castTypes.get(node.int('to') ?? 0) ?? 'int32');
    case 'Where':
      return give(
        broadcast(broadcast(sizes.shape(first), sizes.shape(second)), sizes.shape(inputs[2])),
        sizes.element(second),
      );
    case 'Unsqueeze': {
      const axes = axesOf(node, sizes) ?? [];
      const shape = [...sizes.shape(first)];
      const rank = shape.length + axes.length;
      for (const axis of axes.map((axis) => counted(axis, rank)).sort((a, b) => a - b))
        shape.splice(axis, 0, 1);
      return give(shape);
    }
    case 'Squeeze': {
      const shape = sizes.shape(first);
      const axes = axesOf(node, sizes)?.map((axis) => counted(axis, shape.length));
      return give(shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))));
    }
    case 'Flatten': {
      const shape = sizes.shape(first);
      const axis = counted(node.int('axis') ?? 1, shape.length);
      return give([countOf(shape.slice(0, axis)), countOf(shape.slice(axis))]);
    }
    case 'Einsum':
      return give(
        einsum(
          node.text('equation') ?? '',
          inputs.map((name) => sizes.shape(name)),
        ),
      );
    case 'ArgMax':
    case 'ArgMin':
      return give(reduced(sizes.shape(first), [node.int('axis') ?? 0], node.int('keepdims') ?? 1), 'int64');
    case 'ConstantOfShape':
      return give(sizes.ints(first), node.tensor('value')?.element ?? 'float32');
    case 'Range': {
      const [start = 0, limit = 0, step = 1] = inputs.map((name) => sizes.ints(name)[0]);
      return give([Math.max(0, Math.ceil((limit - start) / step))]);
    }
    case 'Slice':
      return give(sliced(node, sizes));
    case 'Split': {
      const shape = sizes.shape(first);
      const axis = counted(node.int('axis') ?? 0, shape.length);
      const even = Math.ceil((shape[axis] ?? 0) / node.outputs.length);
      const lengths = second ? sizes.ints(second) : node.ints('split');
      for (const [i, name] of node.outputs.entries())
        sizes.set(name, shape.with(axis, lengths?.[i] ?? even), sizes.element(first));
      return;
    }
    case 'Resize':
    case 'Upsample': {
      const shape = sizes.shape(first);
      // Upsample's scales are its second input, Resize's its third, before whole sizes.
      const [scales, whole] = op === 'Upsample' ? [second] : [inputs[2], inputs[3]];
      if (whole) return give(sizes.ints(whole));
      const factors = scales ? sizes.ints(scales) : [];
      return give(shape.map((size, axis) => Math.floor(size * (factors[axis] ?? 1))));
    }
    default:
      return inferOwn(node, sizes);
  }
}

const castTypes = new Map<number, StoredElement>([
  [1, 'float32'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
]);

/** From the end where it is negative. */
function counted(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** As an attribute in older operators, as the second input in newer ones. */
function axesOf(node: Node, sizes: Sizes): readonly number[] | undefined {
  const [, axes] = node.inputs;
  return axes ? sizes.ints(axes) : node.ints('axes');
}

function reduced(shape: Shape, axes: readonly number[] | undefined, keepsAxes: number): Shape {
  const gone = axes?.map((axis) => counted(axis, shape.length)) ?? shape.map((_, axis) => axis);
  return keepsAxes
    ? shape.map((size, axis) => (gone.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !gone.includes(axis));
}

/** @throws GraphError if the equation does not name every axis by a letter */
function einsum(equation: string, shapes: readonly Shape[]): Shape {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const letters = new Map<string, number>();
  left.split(',').forEach((names, i) => {
    [...names].forEach((letter, axis) => {
      letters.set(letter, shapes[i]?.[axis] ?? 1);
    });
  });
  if (right === undefined || equation.includes('.')) throw new GraphError(`no rule for Einsum "${equation}"`);
  return [...right].map((letter) => letters.get(letter) ?? 1);
}

function sliced(node: Node, sizes: Sizes): Shape {
  return slicedPlaces(node, sizes).map(({ count }) => count);
}

/** Of every axis where a Slice begins, how it continues and how often. */
function slicedPlaces({ inputs }: Node, sizes: Sizes): { start: number; step: number; count: number }[] {
  const [first, starts, ends, axes, steps] = inputs;
  const shape = sizes.shape(first);
  const places = shape.map((count) => ({ start: 0, step: 1, count }));
  sizes.ints(starts).forEach((given, i) => {
    const axis = counted(axes ? (sizes.ints(axes)[i] ?? 0) : i, shape.length);
    const size = shape[axis] ?? 0;
    const step = (steps && sizes.ints(steps)[i]) || 1;
    // Backwards a slice begins at the last place at most, and may end before the first.
    const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
    const within = (at: number) => Math.min(most, Math.max(least, counted(at, size)));
    const start = within(given);
    const count = Math.max(0, Math.ceil((within(sizes.ints(ends)[i] ?? size) - start) / step));
    places[axis] = { start, step, count };
  });
  return places;
}

/** Numbers in rows of rows: those at `shape`'s places, the last axis running fastest. */
function picked(
  values: readonly number[],
  shape: Shape,
  placeOf: (place: readonly number[]) => number,
): readonly number[] {
  return Array.from({ length: countOf(shape) }, (_, flat) => {
    let rest = flat;
    const place = [...shape].reverse().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    return values[placeOf(place.reverse())] ?? 0;
  });
}

/** Distance of neighbours along each axis. */
function strides(shape: Shape): number[] {
  return shape.map((_, axis) => countOf(shape.slice(axis + 1)));
}

/** The numbers that a node gives, where all that it reads is known. */
function valuesOf(node: Node, sizes: Sizes): readonly number[] | undefined {
  const { op, inputs } = node;
  const known = inputs.map((name) => (name === '' ? [] : sizes.values(name)));
  if (op === 'ConstantOfShape') {
    const count = countOf(sizes.shape(node.outputs[0]));
    return count > MAX_VALUES
      ? undefined
      : new Array<number>(count).fill(node.tensor('value')?.values?.[0] ?? 0);
  }
  const [a, b, c] = known;
  if (a === undefined || known.some((values) => values === undefined)) return undefined;
  const isWhole = inputs[0] !== undefined && /^int/.test(sizes.element(inputs[0]));
  const each = (combine: (left: number, right: number) => number) => elementwise(a, b ?? [0], combine);
  switch (op) {
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Reshape':
    case 'Flatten':
    case 'Identity':
      return a;
    case 'Cast':
      return /^int/.test(sizes.element(node.outputs[0])) ? a.map(Math.trunc) : a;
    case 'Floor':
      return a.map(Math.floor);
    case 'Ceil':
      return a.map(Math.ceil);
    case 'Sqrt':
      return a.map(Math.sqrt);
    case 'Neg':
      return a.map((value) => -value);
    case 'Not':
      return a.map((value) => Number(value === 0));
    case 'Add':
      return each((left, right) => left + right);
    case 'Sub':
      return each((left, right) => left - right);
    case 'Mul':
      return each((left, right) => left * right);
    case 'Div':
      return each((left, right) => (isWhole ? Math.trunc(left / right) : left / right));
    case 'Mod':
      return each((left, right) => left - right * Math.floor(left / right));
    case 'Equal':
      return each((left, right) => Number(left === right));
    case 'Less':
      return each((left, right) => Number(left < right));
    case 'Greater':
      return each((left, right) => Number(left > right));
    case 'Where': {
      const count = Math.max(a.length, b?.length ?? 0, c?.length ?? 0);
      const at = (values: readonly number[] | undefined, i: number) =>
        values?.[values.length === 1 ? 0 : i] ?? 0;
      return Array.from({ length: count }, (_, i) => (at(a, i) === 0 ? at(c, i) : at(b, i)));
    }
    case 'Concat':
      return known.flatMap((values) => values ?? []);
    case 'Gather':
      // Out of a list of numbers.
      return sizes.shape(inputs[0]).length === 1 ? b?.map((i) => a[counted(i, a.length)] ?? 0) : undefined;
    case 'Slice': {
      const places = slicedPlaces(node, sizes);
      const apart = strides(sizes.shape(inputs[0]));
      return picked(a, sizes.shape(node.outputs[0]), (place) =>
        place.reduce((sum, at, axis) => {
          const { start, step } = places[axis] ?? { start: 0, step: 1 };
          return sum + (start + at * step) * (apart[axis] ?? 0);
        }, 0),
      );
    }
    case 'Transpose': {
      const apart = strides(sizes.shape(inputs[0]));
      const perm = node.ints('perm') ?? apart.map((_, axis) => apart.length - 1 - axis);
      return picked(a, sizes.shape(node.outputs[0]), (place) =>
        place.reduce((sum, at, axis) => sum + at * (apart[perm[axis] ?? 0] ?? 0), 0),
      );
    }
    case 'Range': {
      const count = countOf(sizes.shape(node.outputs[0]));
      const [start = 0] = a;
      const step = c?.[0] ?? 1;
      return count > MAX_VALUES ? undefined : Array.from({ length: count }, (_, i) => start + i * step);
    }
    case 'Expand': {
      const count = countOf(sizes.shape(node.outputs[0]));
      return a.length === 1 && count <= MAX_VALUES ? new Array<number>(count).fill(a[0] ?? 0) : undefined;
    }
    default:
      return undefined;
  }
}

/** One number against many, or as many against as many. */
function elementwise(
  a: readonly number[],
  b: readonly number[],
  combine: (left: number, right: number) => number,
): readonly number[] | undefined {
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const at = (values: readonly number[], i: number) => values[values.length === 1 ? 0 : i] ?? 0;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => combine(at(a, i), at(b, i)));
}

/** Gives an export of SAM's decoder back the masks among which it chooses by itself. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema, type NodeProto } from '../onnx/generated/onnx_pb';
import { nodeProto, valueInfo } from '../onnx/proto';
import { GraphError } from '../onnx/tensors';

/** Masks for one prompt: the one for prompts of one meaning, then three of different extents. */
const COUNT = 4;
const MASKS = 'low_res_masks';
const SCORES = 'iou_predictions';

/**
 * segment_anything exports its decoder with `return_single_mask`, and then ends in an ArgMax over the scores; or without, and
 * then `low_res_masks` is [1, 4, 256, 256] and `iou_predictions` [1, 4]. This makes the second of the first. The large masks,
 * which are the small ones scaled up, go.
 * @param bytes an ONNX model with its weights
 * @throws GraphError if it does not end so
 */
export function giveAllMasks(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (graph === undefined) throw new GraphError('a model without a graph');
  const { masks, scores } = choiceIn(graph);
  graph.node = graph.node.filter(({ output }) => !output.includes(MASKS) && !output.includes(SCORES));
  for (const [name, value] of [
    [MASKS, masks],
    [SCORES, scores],
  ] as const) {
    graph.node.push(nodeProto('Identity', '', `inlay/output/${name}`, [value], [name], {}));
  }
  graph.output = [
    valueInfo(MASKS, 'float32', [1, COUNT, 256, 256]),
    valueInfo(SCORES, 'float32', [1, COUNT]),
  ];
  dropUnused(graph);
  return toBinary(ModelProtoSchema, model);
}

/** What the ArgMax chooses by, and from: both are flattened to be gathered from. */
function choiceIn({ node }: GraphProto): { masks: string; scores: string } {
  const [choosing, ...others] = node.filter(({ opType }) => opType === 'ArgMax');
  const weighing = node.find(({ output }) => output[0] === choosing?.input[0]);
  const gathered = node.flatMap(({ opType, input }) => (opType === 'Flatten' ? [input[0] ?? ''] : []));
  const scores = gathered.find((name) => weighing?.input.includes(name));
  const masks = gathered.find((name) => name !== scores);
  if (others.length > 0 || gathered.length !== 2 || scores === undefined || masks === undefined)
    throw new GraphError('the decoder does not choose one of several masks; name an export of SAM');
  return { masks, scores };
}

/** Leaves what the outputs need. */
function dropUnused(graph: GraphProto): void {
  const makers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const name of node.output) makers.set(name, node);
  const needed = new Set(graph.output.map(({ name }) => name));
  for (const name of needed) for (const input of makers.get(name)?.input ?? []) needed.add(input);
  graph.node = graph.node.filter(({ output }) => output.some((name) => needed.has(name)));
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name));
  graph.input = graph.input.filter(({ name }) => needed.has(name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name));
}

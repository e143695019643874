/**
 * Exports of Stable Diffusion's networks behind the interfaces of the graphs that Inlay builds itself (clipText.ts,
 * unet2d.ts, autoencoderKl.ts): the same names, float32 and int32 at the borders, one row of latents for every row of
 * text. The exporters' own names are those of optimum 1.5 to 2.1 and of diffusers' conversion script.
 */
import { GraphError } from '../onnx/tensors';
import type { Graph, GraphTarget, TensorIndex } from '../onnx/types';
import { ExportEditor, type ExportedInterface, type Port, type Wire } from './editor';
import { halvings, isCastBeforeUse } from './repairs';

/** What an export takes and gives, as far as its graph says. */
export interface ExportedSizes {
  /** The one number of rows that it takes; absent if it takes any. */
  batch?: number;
  /** The one height and width that it takes, in its own pixels or latents. */
  height?: number;
  width?: number;
}

function sizesOf(port: Port | undefined, spatial: boolean): ExportedSizes {
  const [batch, , height, width] = port?.dims ?? [];
  return {
    ...(batch !== undefined && { batch }),
    ...(spatial && height !== undefined && { height }),
    ...(spatial && width !== undefined && { width }),
  };
}

export interface ExportedText extends ExportedSizes {
  /** Of the hidden states. */
  width: number;
  pooledWidth?: number;
}

/** Outputs `hidden_states.0` and on, by their number. */
function hiddenStates({ outputs }: ExportedInterface): Port[] {
  const numbered = [...outputs.values()].flatMap((port) => {
    const number = /^hidden_states\.(\d+)$/.exec(port.name)?.[1];
    return number === undefined ? [] : [{ number: Number(number), port }];
  });
  return numbered.sort((a, b) => a.number - b.number).map(({ port }) => port);
}

/** The hidden states that the UNet reads: SDXL's are those before the last layer. */
function statesPort(component: string, ports: ExportedInterface, isXl: boolean): Port {
  const port = isXl ? hiddenStates(ports).at(-2) : ports.outputs.get('last_hidden_state');
  if (port !== undefined) return port;
  throw new GraphError(
    `${component}: the export gives ${[...ports.outputs.keys()].join(', ')} but not ` +
      `${isXl ? 'the hidden states that SDXL reads' : 'last_hidden_state'}; it is made for another task`,
  );
}

/**
 * @param pooled whether SDXL's pooled output is read here
 * @param configured `hidden_size` and `projection_dim`, for graphs that do not say
 */
export function describeText(
  component: string,
  ports: ExportedInterface,
  { isXl, pooled }: { isXl: boolean; pooled: boolean },
  configured: { width?: number; pooledWidth?: number },
): ExportedText {
  const width =
    statesPort(component, ports, isXl).dims[2] ??
    ports.shapeOf('text_model.final_layer_norm.bias')?.[0] ??
    configured.width;
  if (width === undefined)
    throw new GraphError(`${component}: the export does not say how wide its states are`);
  const sizes = sizesOf(ports.inputs.get('input_ids'), false);
  if (!pooled) return { ...sizes, width };
  const embeds = ports.outputs.get('text_embeds');
  if (embeds === undefined)
    throw new GraphError(`${component}: the export gives no text_embeds, which SDXL reads`);
  const pooledWidth = embeds.dims[1] ?? configured.pooledWidth;
  if (pooledWidth === undefined) {
    throw new GraphError(
      `${component}: neither the export nor a config.json says how wide its text_embeds are`,
    );
  }
  return { ...sizes, width, pooledWidth };
}

/**
 * Input: `input_ids` [B, 77], int32. Outputs: `last_hidden_state` [B, 77, width] and, where `pooled`, `pooled` [B, P].
 * @throws GraphError if the export has other inputs and outputs, or cannot run on the target
 */
export function adaptText(
  component: string,
  skeleton: Uint8Array,
  index: TensorIndex,
  target: GraphTarget,
  { isXl, pooled }: { isXl: boolean; pooled: boolean },
): Graph {
  const g = new ExportEditor(component, skeleton, index, target);
  const ids = g.input('input_ids', 'int32', ['batch', 'tokens']);
  g.feed(g.inputPort('input_ids'), ids);
  const mask = g.ports.inputs.get('attention_mask');
  // diffusers hands none: every token, padding too, is attended to.
  if (mask !== undefined) {
    const shape = g.node('Shape', [ids], {}, 'int64');
    g.feed(mask, g.node('Expand', [g.constant(g.elementOf(mask), [1, 1], [1]), shape]));
  }
  const states = statesPort(component, g.ports, isXl);
  g.output('last_hidden_state', g.result(states), ['batch', 'tokens', states.dims[2] ?? 'width']);
  const embeds = g.ports.outputs.get('text_embeds');
  if (pooled && embeds !== undefined)
    g.output('pooled', g.result(embeds), ['batch', embeds.dims[1] ?? 'width']);
  return g.finish();
}

export interface ExportedUnet extends ExportedSizes {
  inChannels: number;
  outChannels: number;
  /** The one number of tokens that it takes; absent if it takes any. */
  tokens?: number;
  isXl: boolean;
  /** Latent consistency models: numbers that tell the guidance. */
  guidanceWidth?: number;
  /** Its latents come in multiples of that many. */
  multiple: number;
}

/** @param configured what the export's configuration says, for graphs that do not */
export function describeUnet(
  ports: ExportedInterface,
  configured: { inChannels?: number; guidanceWidth?: number },
): ExportedUnet {
  const sample = ports.inputs.get('sample');
  const inChannels = sample?.dims[1] ?? ports.shapeOf('conv_in.weight')?.[1] ?? configured.inChannels;
  const outChannels = ports.outputs.get('out_sample')?.dims[1] ?? ports.shapeOf('conv_out.weight')?.[0] ?? 4;
  if (inChannels === undefined)
    throw new GraphError('unet: the export does not say how many channels it takes');
  const [, tokens] = ports.inputs.get('encoder_hidden_states')?.dims ?? [];
  const guidance = ports.inputs.get('timestep_cond');
  const guidanceWidth = guidance && (guidance.dims[1] ?? configured.guidanceWidth);
  return {
    ...sizesOf(sample, true),
    inChannels,
    outChannels,
    ...(tokens !== undefined && { tokens }),
    isXl: ports.inputs.has('text_embeds'),
    ...(guidanceWidth !== undefined && { guidanceWidth }),
    multiple:
      ports.halvings.down === ports.halvings.up ? 1 : 2 ** Math.max(ports.halvings.down, ports.halvings.up),
  };
}

/**
 * Inputs and output as of `buildUnet2d`. An export of a fixed batch of N has one more, `rows` [N], int32: which rows of
 * the text it is to compute.
 * @throws GraphError as {@link adaptText}
 */
export function adaptUnet(
  skeleton: Uint8Array,
  index: TensorIndex,
  target: GraphTarget,
  { inChannels, outChannels, batch, isXl, guidanceWidth, multiple }: ExportedUnet,
): Graph {
  const g = new ExportEditor('unet', skeleton, index, target);
  const rows = batch === undefined ? undefined : g.input('rows', 'int32', [batch]);
  const rowwise = (name: string, dims: readonly (string | number)[]): Wire => {
    const all = g.input(name, 'float32', ['batch', ...dims]);
    const chosen = rows === undefined ? all : g.node('Gather', [all, rows], { axis: 0 });
    g.feed(g.inputPort(name), chosen);
    return chosen;
  };

  // 1. Text
  const text = rowwise('encoder_hidden_states', ['tokens', 'text_width']);
  if (isXl) {
    rowwise('text_embeds', ['pooled_width']);
    rowwise('time_ids', [6]);
  }
  if (guidanceWidth !== undefined) rowwise('timestep_cond', [guidanceWidth]);

  // 2. Latents, and mask, once for every row of the text
  const count = g.node('Slice', [g.node('Shape', [text], {}, 'int64'), g.ints(0), g.ints(1), g.ints(0)]);
  const repeats = g.node('Concat', [count, g.ints(1, 1, 1)], { axis: 0 });
  const repeated = (name: string, channels: number) => {
    const one = g.input(name, 'float32', [`${name}_batch`, channels, 'height', 'width']);
    return g.node('Expand', [one, repeats]);
  };
  const latents = repeated('sample', outChannels);
  const extra = inChannels - outChannels;
  const joined =
    extra === 0 ? latents : g.node('Concat', [latents, repeated('mask_latents', extra)], { axis: 1 });
  g.feed(g.inputPort('sample'), joined);

  // 3. Time
  feedTimestep(g);

  // 4. Sizes that two does not divide
  if (multiple === 1) cropDoubled(g);

  // 5. Out
  const output = g.ports.outputs.get('out_sample') ?? [...g.ports.outputs.values()][0];
  if (output === undefined) throw new GraphError('unet: the export has no output');
  g.output('prediction', g.result(output), ['batch', outChannels, 'height', 'width']);
  return g.finish();
}

/**
 * Cuts what was doubled to the size that was halved. diffusers interpolates to that size, which for nearest neighbours is
 * the same: floor(i · n / (2n − 1)) = floor(i / 2) for every i below 2n − 1.
 */
function cropDoubled(g: ExportEditor): void {
  const { halved, doublings } = halvings(g.graph.node);
  const axes = g.ints(2, 3).name;
  const [zeros, two, four, zero] = [g.ints(0, 0).name, g.ints(2).name, g.ints(4).name, g.ints(0).name];
  for (const [i, node] of doublings.entries()) {
    const shape = g.insert(node, 'Shape', [halved.at(-1 - i) ?? '']);
    const size = g.insert(node, 'Slice', [shape, two, four, zero]);
    g.appendTo(node.output[0] ?? '', 'Slice', [zeros, size, axes]);
  }
}

/** The number of the step: a scalar or a row of one or more, of any type. */
function feedTimestep(g: ExportEditor): void {
  const port = g.inputPort('timestep');
  const timestep = g.input('timestep', 'float32', [1]);
  const [length] = port.dims;
  let value = timestep;
  if (port.dims.length === 0) value = g.node('Squeeze', [timestep]);
  else if (length !== undefined && length > 1) value = g.node('Expand', [timestep, g.ints(length)]);
  const element = isCastBeforeUse(g.graph.node, port.name) ? 'float32' : g.elementOf(port);
  g.feed(port, value, element);
}

export function describeEncoder(ports: ExportedInterface): ExportedSizes {
  return sizesOf(ports.inputs.get('sample'), true);
}

export function describeDecoder(ports: ExportedInterface): ExportedSizes {
  return sizesOf(ports.inputs.get('latent_sample'), true);
}

/**
 * Input: `pixels` [1, 3, H, W]. Output: `moments` [1, 8, H/8, W/8].
 *
 * Exports of before 2024 draw the sample themselves, with a generator that no seed reaches: its mean and deviation are
 * taken from the graph in its place.
 * @throws GraphError as {@link adaptText}
 */
export function adaptEncoder(skeleton: Uint8Array, index: TensorIndex, target: GraphTarget): Graph {
  const g = new ExportEditor('vae encoder', skeleton, index, target);
  g.feed(g.inputPort('sample'), g.input('pixels', 'float32', [1, 3, 'height', 'width']));
  const given = g.ports.outputs.get('latent_parameters');
  const sampled = [...g.ports.outputs.values()][0];
  if (given !== undefined) g.output('moments', g.result(given), [1, 'channels', 'height_8', 'width_8']);
  else if (sampled !== undefined)
    g.output('moments', momentsOf(g, sampled), [1, 'channels', 'height_8', 'width_8']);
  else throw new GraphError('vae encoder: the export has no output');
  return g.finish();
}

/** The draw is `mean + deviation · noise`: what is added to it and what it is multiplied by. */
function momentsOf(g: ExportEditor, sampled: Port): Wire {
  const { node: nodes } = g.graph;
  const noise = nodes.find(({ opType }) => opType === 'RandomNormalLike' || opType === 'RandomNormal');
  const reader = (output: string | undefined) => nodes.find(({ input }) => input.includes(output ?? ''));
  let drawn = noise?.output[0];
  let scaled = reader(drawn);
  while (scaled?.opType === 'Cast') {
    drawn = scaled.output[0];
    scaled = reader(drawn);
  }
  const shifted = reader(scaled?.output[0]);
  const deviation = scaled?.input.find((name) => name !== drawn);
  const mean = shifted?.input.find((name) => name !== scaled?.output[0]);
  const isDraw =
    scaled?.opType === 'Mul' &&
    shifted?.opType === 'Add' &&
    shifted.output[0] === sampled.name &&
    deviation &&
    mean;
  if (!isDraw) {
    throw new GraphError(
      `vae encoder: the export gives "${sampled.name}", in which the mean and deviation of the latents cannot be told ` +
        'apart; name an export by optimum 1.22 or newer, which gives latent_parameters',
    );
  }
  const element = g.elementOf(sampled);
  const logarithm = g.nodeAfter('Log', [{ name: deviation, element }]);
  const logVariance = g.nodeAfter('Add', [logarithm, logarithm]);
  return g.nodeAfter('Concat', [{ name: mean, element }, logVariance], { axis: 1 });
}

/**
 * Input: `latents` [1, 4, h, w]. Output: `pixels` [1, 3, 8h, 8w].
 * @throws GraphError as {@link adaptText}
 */
export function adaptDecoder(skeleton: Uint8Array, index: TensorIndex, target: GraphTarget): Graph {
  const g = new ExportEditor('vae decoder', skeleton, index, target);
  g.feed(g.inputPort('latent_sample'), g.input('latents', 'float32', [1, 'channels', 'height', 'width']));
  const output = g.ports.outputs.get('sample') ?? [...g.ports.outputs.values()][0];
  if (output === undefined) throw new GraphError('vae decoder: the export has no output');
  g.output('pixels', g.result(output), [1, 3, 'height_8', 'width_8']);
  return g.finish();
}

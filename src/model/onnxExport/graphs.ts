/** The graphs of an export as they run, and the sizes that their inputs have in a run. */

import type { Graph, GraphTarget, TensorIndex } from '../../graph/onnx/types';
import {
  adaptDecoder,
  adaptEncoder,
  adaptUnet,
  type ExportedSizes,
  type ExportedUnet,
} from '../../graph/onnxExport/adapt';
import type { ExportedInterface } from '../../graph/onnxExport/editor';
import { sliceAttention } from '../../graph/onnxExport/slices';
import type { ExportedConfig } from './config';

/** In pixels, with the rows of tokens that the longest prompt takes. */
export interface ExportedRun {
  width: number;
  height: number;
  chunks: number;
}

/** Sizes of the inputs' named dimensions. */
export type Dims = Readonly<Record<string, number>>;

/** An export as it was opened; no index where its weights are not there yet. */
export interface Unadapted {
  skeleton: Uint8Array;
  ports: ExportedInterface;
  index?: TensorIndex;
}

/** Tokens in a row of CLIP's. */
const ROW = 77;
const none: TensorIndex = new Map();

/** A short prompt at the size that the model was trained at: attention is sliced for that. */
export function usualRun({ nativeSize }: Pick<ExportedConfig, 'nativeSize'>): ExportedRun {
  return { width: nativeSize, height: nativeSize, chunks: 1 };
}

/** @returns sizes of a text encoder's inputs in a run */
export function textDims({ batch }: ExportedSizes, { chunks }: ExportedRun): Dims {
  return { batch: batch ?? 2 * chunks, tokens: ROW };
}

/** @returns sizes of the VAE encoder's input in a run, in pixels */
export function encoderDims({ width, height }: ExportedSizes, run: ExportedRun): Dims {
  return { width: width ?? run.width, height: height ?? run.height };
}

/** @returns sizes of the VAE decoder's input in a run, in latents */
export function decoderDims(sizes: ExportedSizes, config: ExportedConfig, run: ExportedRun): Dims {
  return { ...latentDims(sizes, config, run), channels: config.vae.latentChannels };
}

/** @returns sizes of the UNet's inputs in a run, in latents and tokens */
export function unetDims(
  ports: ExportedInterface,
  sizes: ExportedUnet,
  config: ExportedConfig,
  run: ExportedRun,
): Dims {
  return {
    ...latentDims(sizes, config, run),
    // A UNet that is told the guidance computes one row; others both of guidance.
    batch: sizes.batch ?? (config.guidanceWidth === undefined ? 2 : 1),
    sample_batch: 1,
    mask_latents_batch: 1,
    tokens: ROW * run.chunks,
    // Where only its weights know these, they decide it whatever stands here.
    text_width: ports.inputs.get('encoder_hidden_states')?.dims[2] ?? keyWidth(ports) ?? 768,
    pooled_width: ports.inputs.get('text_embeds')?.dims[1] ?? 1280,
  };
}

function latentDims(fixed: ExportedSizes, { vae: { downscale } }: ExportedConfig, run: ExportedRun): Dims {
  return { width: fixed.width ?? run.width / downscale, height: fixed.height ?? run.height / downscale };
}

function keyWidth(ports: ExportedInterface): number | undefined {
  return ports.shapeOf('down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight')?.[1];
}

/** @throws GraphError as `adaptEncoder`, and so the others */
export function encoderGraph(
  { skeleton, index = none }: Unadapted,
  sizes: ExportedSizes,
  config: ExportedConfig,
  target: GraphTarget,
): Graph {
  return sliceAttention(adaptEncoder(skeleton, index, target), encoderDims(sizes, usualRun(config)));
}

/** @throws GraphError as `adaptDecoder` */
export function decoderGraph(
  { skeleton, index = none }: Unadapted,
  sizes: ExportedSizes,
  config: ExportedConfig,
  target: GraphTarget,
): Graph {
  return sliceAttention(adaptDecoder(skeleton, index, target), decoderDims(sizes, config, usualRun(config)));
}

/** @throws GraphError as `adaptUnet` */
export function unetGraph(
  { skeleton, ports, index = none }: Unadapted,
  sizes: ExportedUnet,
  config: ExportedConfig,
  target: GraphTarget,
): Graph {
  const graph = adaptUnet(skeleton, index, target, sizes);
  return sliceAttention(graph, unetDims(ports, sizes, config, usualRun(config)));
}

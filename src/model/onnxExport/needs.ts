/** How much memory an export needs, from its graphs alone: they are read before any weights are fetched. */

import { type Footprint, weightsAlone } from '../../graph/footprint';
import { GraphError } from '../../graph/onnx/tensors';
import type { Graph, GraphTarget } from '../../graph/onnx/types';
import {
  adaptText,
  describeDecoder,
  describeEncoder,
  describeText,
  describeUnet,
  type ExportedSizes,
} from '../../graph/onnxExport/adapt';
import { describeExport } from '../../graph/onnxExport/editor';
import { exportedFootprint } from '../../graph/onnxExport/footprint';
import type { VaeTiles } from '../../pipeline/model';
import { smallFiles } from '../configFiles';
import type { CheckpointFiles } from '../files';
import { readExportedConfig, readExportedText, textEncodersOf } from './config';
import { type ExportedComponent, missingGraph, namingModel } from './files';
import {
  type Dims,
  decoderDims,
  decoderGraph,
  type ExportedRun,
  encoderDims,
  encoderGraph,
  textDims,
  type Unadapted,
  unetDims,
  unetGraph,
  usualRun,
} from './graphs';
import { fixedSizeOf, skeletonsOf } from './skeletons';

/** Whether a half of the autoencoder fits whole, or in which tiles. */
export type FitVae = (
  size: { width: number; height: number },
  measure: (tile: { width: number; height: number }) => Footprint,
) => { need: Footprint; tile?: number };

/**
 * @param fitVae called for each half that takes any size
 * @param run in pixels, and rows of tokens that the longest prompt takes; absent: at the model's own size, one
 * @returns undefined where the graphs cannot be read without their weights (an address that is no hub's)
 * @throws CheckpointError where a graph cannot run on the target
 */
export async function exportedNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  fitVae: FitVae,
  run?: { width: number; height: number; chunks?: number },
): Promise<{ networks: Map<string, Footprint>; tiles: VaeTiles } | undefined> {
  const read = skeletonsOf(files);
  if ((await read('unet')) === undefined) return undefined;
  const small = smallFiles(files, { signal: new AbortController().signal, onProgress() {} });
  const config = await readExportedConfig(files.name, small);
  const vaeTarget: GraphTarget = config.upcastsVae ? { ...target, precision: 'fp32' } : target;
  // Whatever is asked for, a model of one size works at that.
  const sized: ExportedRun = { ...usualRun(config), ...run, ...(await fixedSizeOf(files, config, read)) };
  const networks = new Map<string, Footprint>();
  const add = async (
    component: ExportedComponent,
    need: (unadapted: Unadapted) => { need: Footprint; tile?: number },
  ): Promise<number | undefined> => {
    const skeleton = await read(component);
    if (skeleton === undefined) throw missingGraph(files, component);
    const found = await namingModel(files.name, () => need({ skeleton, ports: describeExport(skeleton) }));
    networks.set(component.replace('vae_', 'vae '), found.need);
    return found.tile;
  };
  const inVae = (sizes: ExportedSizes, graph: Graph, dimsAt: (run: ExportedRun) => Dims) => {
    if (sizes.width !== undefined || sizes.height !== undefined)
      return { need: measured(graph, dimsAt(sized)) };
    return fitVae(sized, (tile) => measured(graph, dimsAt({ ...sized, ...tile })));
  };

  for (const { folder, options } of textEncodersOf(config)) {
    const configured = await readExportedText(files.name, folder, small);
    await add(folder, ({ skeleton, ports }) => {
      const dims = textDims(describeText(folder, ports, options, configured), sized);
      return { need: measured(adaptText(folder, skeleton, new Map(), target, options), dims) };
    });
  }
  const encoder = await add('vae_encoder', (unadapted) => {
    const sizes = describeEncoder(unadapted.ports);
    const graph = encoderGraph(unadapted, sizes, config, vaeTarget);
    return inVae(sizes, graph, (run) => encoderDims(sizes, run));
  });
  await add('unet', (unadapted) => {
    const sizes = describeUnet(unadapted.ports, config);
    const dims = unetDims(unadapted.ports, sizes, config, sized);
    return { need: measured(unetGraph(unadapted, sizes, config, target), dims) };
  });
  const decoder = await add('vae_decoder', (unadapted) => {
    const sizes = describeDecoder(unadapted.ports);
    const graph = decoderGraph(unadapted, sizes, config, vaeTarget);
    return inVae(sizes, graph, (run) => decoderDims(sizes, config, run));
  });
  return { networks, tiles: { encoder, decoder } };
}

/** Where a graph's sizes cannot be followed its weights are what is known: never more than it needs. */
function measured(graph: Graph, dims: Readonly<Record<string, number>>): Footprint {
  try {
    return exportedFootprint(graph, dims);
  } catch (error) {
    if (error instanceof GraphError) return weightsAlone(graph);
    throw error;
  }
}

/** How much memory an export needs, from its graphs alone: they are read before any weights are fetched. */
import {
  adaptText,
  describeDecoder,
  describeEncoder,
  describeText,
  describeUnet,
} from '../../graph/exported/adapt';
import { describeExport } from '../../graph/exported/editor';
import { exportedFootprint } from '../../graph/exported/footprint';
import { type Footprint, weightsAlone } from '../../graph/footprint';
import { GraphError } from '../../graph/tensors';
import type { Graph, GraphTarget } from '../../graph/types';
import type { CheckpointFiles } from '../files';
import { smallFiles } from '../reader';
import { readExportedConfig, readExportedText } from './config';
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
import { readSkeleton } from './skeletons';

/**
 * @param run in pixels, and rows of tokens that the longest prompt takes; absent: at the model's own size, one
 * @returns by network; undefined where the graphs cannot be read without their weights (an address that is no hub's)
 * @throws CheckpointError where a graph cannot run on the target
 */
export async function exportedNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  run?: { width: number; height: number; chunks?: number },
): Promise<Map<string, Footprint> | undefined> {
  if ((await readSkeleton(files, 'unet')) === undefined) return undefined;
  const small = smallFiles(files, { signal: new AbortController().signal, onProgress() {} });
  const config = await readExportedConfig(files.name, small);
  const vaeTarget: GraphTarget = config.upcastsVae ? { ...target, precision: 'fp32' } : target;
  const sized: ExportedRun = { ...usualRun(config), ...run };
  const needs = new Map<string, Footprint>();
  const add = async (
    component: ExportedComponent,
    adapt: (unadapted: Unadapted) => { graph: Graph; dims: Dims },
  ): Promise<void> => {
    const skeleton = await readSkeleton(files, component);
    if (skeleton === undefined) throw missingGraph(files, component);
    const { graph, dims } = await namingModel(files.name, () =>
      adapt({ skeleton, ports: describeExport(skeleton) }),
    );
    needs.set(component.replace('vae_', 'vae '), measured(graph, dims));
  };

  for (const folder of config.isXl
    ? (['text_encoder', 'text_encoder_2'] as const)
    : (['text_encoder'] as const)) {
    const options = { isXl: config.isXl, pooled: folder === 'text_encoder_2' };
    const configured = await readExportedText(files.name, folder, small);
    await add(folder, ({ skeleton, ports }) => ({
      graph: adaptText(folder, skeleton, new Map(), target, options),
      dims: textDims(describeText(folder, ports, options, configured), sized),
    }));
  }
  await add('vae_encoder', (unadapted) => {
    const sizes = describeEncoder(unadapted.ports);
    return { graph: encoderGraph(unadapted, sizes, config, vaeTarget), dims: encoderDims(sizes, sized) };
  });
  await add('unet', (unadapted) => {
    const sizes = describeUnet(unadapted.ports, config);
    const dims = unetDims(unadapted.ports, sizes, config, sized);
    return { graph: unetGraph(unadapted, sizes, config, target), dims };
  });
  await add('vae_decoder', (unadapted) => {
    const sizes = describeDecoder(unadapted.ports);
    const dims = decoderDims(sizes, config, sized);
    return { graph: decoderGraph(unadapted, sizes, config, vaeTarget), dims };
  });
  return needs;
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

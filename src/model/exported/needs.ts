/** How much memory an export needs, from its graphs alone: they are read before any weights are fetched. */
import { base64Decode } from '@bufbuild/protobuf/wire';
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
import { type CheckpointFiles, readRequired } from '../files';
import { smallFiles } from '../reader';
import { readExportedConfig, readExportedText } from './config';
import { namingModel, skeletonPath } from './files';
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

/**
 * @param run in pixels, and rows of tokens that the longest prompt takes; absent: at the model's own size, one
 * @returns by network; undefined where the graphs lie beside their weights alone (a plain folder)
 * @throws CheckpointError where a graph cannot run on the target
 */
export async function exportedNeeds(
  files: CheckpointFiles,
  target: GraphTarget,
  run?: { width: number; height: number; chunks?: number },
): Promise<Map<string, Footprint> | undefined> {
  if ((await files.read(skeletonPath('unet'))) === undefined) return undefined;
  const small = smallFiles(files, { signal: new AbortController().signal, onProgress() {} });
  const config = await readExportedConfig(files.name, small);
  const vaeTarget: GraphTarget = config.upcastsVae ? { ...target, precision: 'fp32' } : target;
  const sized: ExportedRun = { ...usualRun(config), ...run };
  const needs = new Map<string, Footprint>();
  const add = async (
    component: string,
    adapt: (unadapted: Unadapted) => { graph: Graph; dims: Dims },
  ): Promise<void> => {
    const text = new TextDecoder().decode(await readRequired(files, skeletonPath(component)));
    const skeleton = base64Decode(text);
    const { graph, dims } = await namingModel(files.name, () =>
      adapt({ skeleton, ports: describeExport(skeleton) }),
    );
    needs.set(component.replace('vae_', 'vae '), measured(graph, dims));
  };

  for (const folder of config.isXl ? ['text_encoder', 'text_encoder_2'] : ['text_encoder']) {
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

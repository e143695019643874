/** How much memory an export needs, from its graphs alone: they are read before any weights are fetched. */
import { base64Decode } from '@bufbuild/protobuf/wire';
import {
  adaptDecoder,
  adaptEncoder,
  adaptText,
  adaptUnet,
  describeDecoder,
  describeEncoder,
  describeText,
  describeUnet,
} from '../../graph/exported/adapt';
import { describeExport, type ExportedInterface } from '../../graph/exported/editor';
import { exportedFootprint } from '../../graph/exported/footprint';
import { type Footprint, weightsAlone } from '../../graph/footprint';
import { GraphError } from '../../graph/tensors';
import type { Graph, GraphTarget } from '../../graph/types';
import { type CheckpointFiles, readRequired } from '../files';
import { smallFiles } from '../reader';
import { readExportedConfig, readExportedText } from './config';
import { namingModel, skeletonPath } from './files';

/** Tokens in a row of CLIP's. */
const ROW = 77;

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
  const { downscale } = config.vae;
  const width = run?.width ?? config.nativeSize;
  const height = run?.height ?? config.nativeSize;
  const latents = { width: width / downscale, height: height / downscale };
  // A UNet that is told the guidance computes one row; others both of guidance.
  const rows = config.guidanceWidth === undefined ? 2 : 1;
  const chunks = run?.chunks ?? 1;
  const needs = new Map<string, Footprint>();
  const add = async (
    component: string,
    dims: Readonly<Record<string, number>>,
    adapt: (
      skeleton: Uint8Array,
      ports: ExportedInterface,
    ) => { graph: Graph; fixed?: Record<string, number> },
  ) => {
    const text = new TextDecoder().decode(await readRequired(files, skeletonPath(component)));
    const skeleton = base64Decode(text);
    const { graph, fixed } = await namingModel(files.name, () => adapt(skeleton, describeExport(skeleton)));
    needs.set(component.replace('vae_', 'vae '), measured(graph, { ...dims, ...fixed }));
  };

  for (const folder of config.isXl ? ['text_encoder', 'text_encoder_2'] : ['text_encoder']) {
    const options = { isXl: config.isXl, pooled: folder === 'text_encoder_2' };
    const configured = await readExportedText(files.name, folder, small);
    await add(folder, { batch: 2 * chunks, tokens: ROW }, (skeleton, ports) => {
      const { batch } = describeText(folder, ports, options, configured);
      const graph = adaptText(folder, skeleton, new Map(), target, options);
      return { graph, ...(batch !== undefined && { fixed: { batch } }) };
    });
  }
  await add('vae_encoder', { width, height }, (skeleton, ports) => {
    const { batch: _, ...fixed } = describeEncoder(ports);
    return { graph: adaptEncoder(skeleton, new Map(), vaeTarget), fixed };
  });
  await add(
    'unet',
    { ...latents, batch: rows, sample_batch: 1, mask_latents_batch: 1, tokens: ROW * chunks },
    (skeleton, ports) => {
      const sizes = describeUnet(ports, config);
      const { batch, width, height } = sizes;
      const widths = { text_width: textWidth(ports), pooled_width: pooledWidth(ports) };
      return {
        graph: adaptUnet(skeleton, new Map(), target, sizes),
        fixed: { ...widths, ...(batch && { batch }), ...(width && { width }), ...(height && { height }) },
      };
    },
  );
  await add('vae_decoder', { ...latents, channels: config.vae.latentChannels }, (skeleton, ports) => {
    const { batch: _, ...fixed } = describeDecoder(ports);
    return { graph: adaptDecoder(skeleton, new Map(), vaeTarget), fixed };
  });
  return needs;
}

/** Of what the graph reads; where only its weights know, they decide it whatever stands here. */
function textWidth(ports: ExportedInterface): number {
  return ports.inputs.get('encoder_hidden_states')?.dims[2] ?? keyWidth(ports) ?? 768;
}

function keyWidth(ports: ExportedInterface): number | undefined {
  return ports.shapeOf('down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight')?.[1];
}

function pooledWidth(ports: ExportedInterface): number {
  return ports.inputs.get('text_embeds')?.dims[1] ?? 1280;
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

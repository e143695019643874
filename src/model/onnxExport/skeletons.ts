/** The graphs of an export without its weights, and what follows from them before any weights are read. */
import { base64Decode } from '@bufbuild/protobuf/wire';
import { describeDecoder, describeEncoder, describeUnet } from '../../graph/onnxExport/adapt';
import { describeExport } from '../../graph/onnxExport/editor';
import { readExported } from '../../graph/onnxExport/read';
import { refuseForeign } from '../checkpoint/open';
import type { CheckpointFiles } from '../files';
import type { ExportedConfig } from './config';
import { type ExportedComponent, namingModel, skeletonPath } from './files';

/**
 * A component's graph, read once however often it is asked for.
 * @returns undefined where files come whole alone, so that a graph has its weights with it
 * @throws CheckpointError where the graph is damaged
 */
export type ReadSkeleton = (component: ExportedComponent) => Promise<Uint8Array | undefined>;

/** Reads an export's graphs without their weights, each once. */
export function skeletonsOf(files: CheckpointFiles): ReadSkeleton {
  const begun = new Map<ExportedComponent, Promise<Uint8Array | undefined>>();
  return (component) => {
    const skeleton = begun.get(component) ?? readSkeleton(files, component);
    begun.set(component, skeleton);
    return skeleton;
  };
}

async function readSkeleton(
  files: CheckpointFiles,
  component: ExportedComponent,
): Promise<Uint8Array | undefined> {
  const prepared = await files.read(skeletonPath(component));
  if (prepared !== undefined) return base64Decode(new TextDecoder().decode(prepared));
  const open = async (name: string) => files.open?.(`${component}/${name}`);
  const model = await open('model.onnx');
  if (model === undefined) return undefined;
  await refuseForeign(model);
  return (await namingModel(files.name, () => readExported(model, open))).skeleton;
}

/** In pixels. @returns undefined where it takes any size, or its graphs cannot be read yet */
export async function fixedSizeOf(
  files: CheckpointFiles,
  config: Pick<ExportedConfig, 'vae' | 'inChannels' | 'guidanceWidth'>,
  read = skeletonsOf(files),
): Promise<{ width: number; height: number } | undefined> {
  const { downscale } = config.vae;
  const found = [
    { component: 'unet', describe: describeUnet, pixels: downscale },
    { component: 'vae_decoder', describe: describeDecoder, pixels: downscale },
    { component: 'vae_encoder', describe: describeEncoder, pixels: 1 },
  ] as const;
  for (const { component, describe, pixels } of found) {
    const skeleton = await read(component);
    if (skeleton === undefined) return undefined;
    const { width, height } = await namingModel(files.name, () => describe(describeExport(skeleton), config));
    if (width !== undefined && height !== undefined)
      return { width: width * pixels, height: height * pixels };
  }
  return undefined;
}

/** Of an export of one size its longer side. */
export function nativeSizeOf(
  { nativeSize }: Pick<ExportedConfig, 'nativeSize'>,
  fixed: { width: number; height: number } | undefined,
): number {
  return fixed === undefined ? nativeSize : Math.max(fixed.width, fixed.height);
}

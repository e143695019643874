/** What a model is, from its configurations and graphs: family, kind and size, before any weights are fetched. */
import type { ModelFacts } from '../contract/modelLibrary';
import { openCheckpoint } from './checkpoint/open';
import { readSingleFile } from './checkpoint/singleFile';
import { parseModelIndex, parseUnet2dConfig, parseVaeConfig } from './config';
import { smallFiles } from './configFiles';
import { type CheckpointFiles, heeding, parseJsonFile, readRequired } from './files';
import { readExportedConfig } from './onnxExport/config';
import { isExported } from './onnxExport/files';
import { fixedSizeOf, nativeSizeOf } from './onnxExport/skeletons';
import { configsBeside } from './prepare/layout';
import type { ModelPlan } from './prepare/plan';
import type { Connection } from './source/download';
import { RemoteAccess, readSmallFile } from './source/sourceFile';
import { traitsFrom } from './traits';

/**
 * @param files in the diffusers layout
 * @throws CheckpointError where it is of a kind that Inlay cannot run
 */
export async function factsOf(given: CheckpointFiles, signal?: AbortSignal): Promise<ModelFacts> {
  const files = signal === undefined ? given : heeding(given, { signal });
  const json = async (path: string) => parseJsonFile(files, path, await readRequired(files, path));
  if (await isExported(files)) return exportedFacts(files);
  parseModelIndex(await json('model_index.json'), files.name);
  return factsFrom(
    await json('unet/config.json'),
    await json('vae/config.json'),
    await schedulerOf(files, signal),
  );
}

const SCHEDULER = 'scheduler/scheduler_config.json';

/** @returns undefined where there is none, or none that can be read: that is told when the model runs */
async function schedulerOf(files: CheckpointFiles, signal?: AbortSignal): Promise<unknown> {
  const bytes = await files.read(SCHEDULER, { signal });
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Exports by diffusers' script have no configurations: there the pipeline's name tells inpainting. */
async function exportedFacts(files: CheckpointFiles): Promise<ModelFacts> {
  const small = smallFiles(files, { signal: new AbortController().signal, onProgress() {} });
  const config = await readExportedConfig(files.name, small);
  const { isXl, linearProjection, inChannels, isNamedInpainting, vae } = config;
  const fixedSize = await fixedSizeOf(files, config);
  return {
    family: isXl ? 'sdxl' : linearProjection ? 'sd2' : 'sd1',
    isInpainting: inChannels === undefined ? isNamedInpainting : inChannels > vae.latentChannels,
    nativeSize: nativeSizeOf(config, fixedSize),
    traits: traitsFrom(config.guidanceWidth !== undefined, await schedulerOf(files)),
    ...(fixedSize && { fixedSize }),
  };
}

function factsFrom(unetJson: unknown, vaeJson: unknown, schedulerJson: unknown): ModelFacts {
  const unet = parseUnet2dConfig(unetJson);
  const { blockOutChannels, latentChannels } = parseVaeConfig(vaeJson);
  return {
    // Of the two that have one text encoder, the second has linear projections.
    family: unet.textTime !== undefined ? 'sdxl' : unet.linearProjection ? 'sd2' : 'sd1',
    isInpainting: unet.inChannels > latentChannels,
    nativeSize: unet.sampleSize * 2 ** (blockOutChannels.length - 1),
    traits: traitsFrom(unet.guidanceWidth !== undefined, schedulerJson),
  };
}

/**
 * Reads the small files, and of a single file its header.
 * @throws as {@link factsOf}, and as `download`
 */
export async function factsOfPlan(
  plan: ModelPlan,
  connection: Connection,
): Promise<{ facts: ModelFacts; configurations: ReadonlyMap<string, string> }> {
  const small: CheckpointFiles = {
    name: plan.name,
    async read(path) {
      const file = plan.small.find((small) => small.path === path);
      return file === undefined ? undefined : readSmallFile(file, connection);
    },
  };
  if (plan.single === undefined) {
    return { facts: await factsOf(small, connection.signal), configurations: await networksOf(small) };
  }
  const access = new RemoteAccess(plan.single.file, connection, {});
  const checkpoint = await openCheckpoint(access, connection.signal);
  // What lies beside the file wins over what is derived from it, as when it is prepared.
  const configs = await configsBeside(small);
  const { signal } = connection;
  const { components, scheduler, modelIndex } = await readSingleFile(checkpoint, { configs, signal });
  const configurations = new Map(
    Object.entries(components).map(([name, { config }]) => [`${name}/config.json`, JSON.stringify(config)]),
  ).set('model_index.json', JSON.stringify(modelIndex));
  const scheduling = (await schedulerOf(small, signal)) ?? scheduler;
  return { facts: factsFrom(components.unet.config, components.vae.config, scheduling), configurations };
}

/** What tells how large a model's networks are. */
const NETWORKS = [
  'model_index.json',
  ...['unet', 'vae', 'text_encoder', 'text_encoder_2'].map((folder) => `${folder}/config.json`),
];

/** @returns nothing of an export, whose graphs alone say it */
async function networksOf(files: CheckpointFiles): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  if (await isExported(files)) return texts;
  for (const path of NETWORKS) {
    const bytes = await files.read(path);
    if (bytes !== undefined) texts.set(path, new TextDecoder().decode(bytes));
  }
  return texts;
}

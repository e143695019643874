/** What a checkpoint is, from its small files (and of an ONNX export its graphs), before any weight is read. */
import type { Blueprint } from './blueprint';
import { type ConfigFiles, configFiles } from './configFiles';
import { configPaths, exportFolders, familyOf, weightFolders } from './families';
import { otherPipeline, refuseOtherPipeline } from './families/unsupported';
import type { CheckpointFiles } from './files';
import { skeletonPath } from './onnxExport/files';
import { skeletonsOf } from './onnxExport/skeletons';
import { isPrepared } from './prepare/prepared';

/**
 * @param files in the diffusers layout
 * @throws CheckpointError if it is of a kind that Inlay cannot run, or its configurations are wrong
 */
export async function describeModel(files: CheckpointFiles, signal?: AbortSignal): Promise<Blueprint> {
  const small = configFiles(files, signal);
  const index = await small.json('model_index.json');
  refuseOtherPipeline(files.name, index);
  const isExport = await isExported(files, small, index);
  const family = familyOf({ index, unet: await small.optionalJson('unet/config.json') });
  if (family === undefined) throw otherPipeline(files.name, index);
  if (isExport || family.describe === undefined) return family.describeExport(small, skeletonsOf(files));
  return family.describe(small);
}

/** Folders that only exports have. */
const onlyExports = exportFolders.filter((name) => weightFolders.every(({ folder }) => folder !== name));

/** Whether the networks are ONNX exports and nothing else. */
async function isExported(files: CheckpointFiles, small: ConfigFiles, index: unknown): Promise<boolean> {
  if (isPrepared(files)) return onlyExports.some((folder) => files.manifest.components[folder] !== undefined);
  if (typeof index === 'object' && index !== null && onlyExports.some((folder) => folder in index))
    return true;
  // optimum's command line copies the index of the exported pipeline.
  for (const { folder, exports } of weightFolders) {
    if (exports.includes(folder) || (await small.optionalJson(`${folder}/config.json`)) !== undefined)
      continue;
    for (const name of exports) {
      if ((await small.optionalJson(`${name}/config.json`)) !== undefined) return true;
    }
  }
  return false;
}

/** What {@link describeModel} reads of a model that is prepared, as far as memory needs go: configurations and graphs. */
export const describingPaths: readonly string[] = [...configPaths, ...exportFolders.map(skeletonPath)];

/** An export's graphs without its weights. */
import { base64Decode } from '@bufbuild/protobuf/wire';
import { readExported } from '../../graph/onnxExport/read';
import { asUnsupportedError, type ReadSkeleton } from '../blueprint';
import { refuseForeign } from '../checkpoint/open';
import type { CheckpointFiles } from '../files';
import { missingGraph, skeletonPath } from './files';

/** Reads an export's graphs without their weights, each only once. */
export function skeletonsOf(files: CheckpointFiles): ReadSkeleton {
  const begun = new Map<string, Promise<Uint8Array | undefined>>();
  return (folder) => {
    const skeleton = begun.get(folder) ?? readSkeleton(files, folder);
    begun.set(folder, skeleton);
    return skeleton;
  };
}

/** @throws CheckpointError if the graph is missing or damaged */
async function readSkeleton(files: CheckpointFiles, folder: string): Promise<Uint8Array | undefined> {
  const prepared = await files.read(skeletonPath(folder));
  if (prepared !== undefined) return base64Decode(new TextDecoder().decode(prepared));
  if (files.open === undefined) return undefined;
  const open = async (name: string) => files.open?.(`${folder}/${name}`);
  const model = await open('model.onnx');
  if (model === undefined) throw missingGraph(files, folder);
  await refuseForeign(model);
  return (await asUnsupportedError(files.name, () => readExported(model, open))).skeleton;
}

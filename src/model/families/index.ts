/** The list of families: which one a checkpoint belongs to, and which files all of them may have. */
import type { FamilyId } from '../../contract/families';
import type { Evidence, Family, RootNetwork, WeightFolder } from '../blueprint';
import type { StoredCheckpoint } from '../checkpoint/reader';
import { readWithRules, type SingleFileModel, type SingleFileOptions } from '../checkpoint/singleFile';
import { lama } from './lama';
import { migan } from './migan';
import { sd1 } from './sd1';
import { sd2 } from './sd2';
import { sdxl } from './sdxl';
import { refuseUnsupportedTensors } from './unsupported';

/** In the order in which they are tried. */
export const families: readonly Family[] = [sd1, sd2, sdxl, lama, migan];

/** @returns undefined if it belongs to none of them */
export function familyOf(evidence: Evidence): Family | undefined {
  return families.find(({ recognises }) => recognises(evidence));
}

/** The family of that id. */
export function familyNamed(id: FamilyId): Family {
  const family = families.find((family) => family.id === id);
  if (family === undefined) throw new TypeError(`no family is called ${id}`);
  return family;
}

/** The family and the network that a file at a repository's root is; undefined if there is none. */
export function rootNetworkOf(paths: readonly string[]): { network: RootNetwork; path: string } | undefined {
  for (const { rootNetwork: network } of families) {
    const path = network?.choose(paths.filter((path) => !path.includes('/')));
    if (network !== undefined && path !== undefined) return { network, path };
  }
  return undefined;
}

/** Every weight folder of any family, once. */
export const weightFolders: readonly WeightFolder[] = [
  ...new Map(families.flatMap(({ weights }) => weights).map((weights) => [weights.folder, weights])).values(),
];

/** Every ONNX export folder of any family, once. */
export const exportFolders: readonly string[] = [...new Set(weightFolders.flatMap(({ exports }) => exports))];

/** Every tokenizer folder of any family, once. */
export const tokenizerFolders: readonly string[] = [
  ...new Set(families.flatMap(({ tokenizers }) => tokenizers)),
];

/** A tokenizer's files: vocabulary and merges, or both in one, and what else may be said about its tokens. */
export const tokenizerFiles = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
] as const;

/** The configurations that describe any family's networks, exports included. */
export const configPaths: readonly string[] = [
  'model_index.json',
  ...[...new Set([...weightFolders.map(({ folder }) => folder), ...exportFolders])].map(
    (folder) => `${folder}/config.json`,
  ),
];

/**
 * A single file that holds a whole model.
 * @throws CheckpointError if it is of another architecture, lacks a component, or has tensors that no component has
 */
export async function readSingleFile(
  checkpoint: StoredCheckpoint,
  options: SingleFileOptions = {},
): Promise<SingleFileModel> {
  refuseUnsupportedTensors(checkpoint.name, checkpoint.tensors);
  return readWithRules(
    checkpoint,
    families.flatMap(({ singleFile = [] }) => singleFile),
    options,
  );
}

/** Selectors that are stored, opened without a network: all that the assistant needs of them. */
import { CheckpointError } from '../../contract/errors';
import { type SelectorOffer, selectorOf } from '../../contract/selectors';
import type { WeightStore } from '../../storage/weights';
import { storedName } from '../prepare/journal';
import { openStored } from '../prepare/prepared';
import { canonicalName, HUB_URL } from '../source/modelName';
import { SELECTOR, selectorKey } from './plan';

export interface SelectorPlace {
  store: WeightStore;
  /** Whose ids are meant; Hugging Face if absent. */
  hubUrl?: string | undefined;
}

/** A stored selector's files. */
export interface SelectorFiles {
  offer: SelectorOffer;
  /** @returns undefined if there is no such file @throws CheckpointError if it was changed in the store */
  open(path: string): Promise<Blob | undefined>;
  /** Of the graphs and their data. */
  paths: readonly string[];
}

/** The name of its folder in the store. */
export const folderOf = (id: string, hubUrl = HUB_URL) =>
  storedName(selectorKey(canonicalName(id, hubUrl)), 'fp32');

/** @throws CheckpointError for an id that is not among those on offer */
export function knownSelector(id: string): SelectorOffer {
  const offer = selectorOf(id);
  if (offer === undefined) throw new CheckpointError(`"${id}" is not a model for selecting that Inlay knows`);
  return offer;
}

/**
 * Opens a stored selector; no network is needed. Every file is compared with its digest when it is opened.
 * @returns undefined if it is not stored, or not wholly
 */
export async function openSelector(
  id: string,
  { store, hubUrl }: SelectorPlace,
): Promise<SelectorFiles | undefined> {
  const offer = knownSelector(id);
  const stored = await openStored(store, folderOf(id, hubUrl));
  if (stored === undefined) return undefined;
  const shards = stored.manifest.components[SELECTOR]?.shards ?? [];
  return {
    offer,
    paths: shards.map(({ path }) => path),
    async open(path) {
      const shard = shards.find((shard) => shard.path === path);
      if (shard !== undefined) return stored.openShard(shard);
      const text = await stored.read(path);
      return text && new Blob([text]);
    },
  };
}

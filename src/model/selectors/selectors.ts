/** Selectors of the Hub: looked up, and downloaded into the weight store. */
import type { SelectorDetails } from '../../contract/selectors';
import { type PrepareOptions, prepareModel } from '../prepare/prepare';
import { openStored } from '../prepare/prepared';
import type { Connection } from '../source/download';
import { findModel } from '../source/source';
import { folderOf, knownSelector, type SelectorPlace } from './open';
import { planSelector } from './plan';

/**
 * Looks a selector up: without a network if it is stored.
 * @throws as `findModel`, CheckpointError if its repository lacks files
 */
export async function describeSelector(
  id: string,
  { store, hubUrl }: SelectorPlace,
  connection: Connection,
): Promise<SelectorDetails> {
  const offer = knownSelector(id);
  const stored = await openStored(store, folderOf(id, hubUrl));
  if (stored !== undefined) {
    const { storedBytes, licence } = stored.manifest;
    return { id, totalBytes: storedBytes, licence, isKept: true };
  }
  const { downloadBytes, licence } = planSelector(await findModel(id, connection, hubUrl), offer);
  return { id, totalBytes: downloadBytes, licence, isKept: false };
}

/** Downloads what is missing of it. @throws as {@link describeSelector} and `prepareModel` */
export async function downloadSelector(
  id: string,
  { store, hubUrl }: SelectorPlace,
  connection: Connection,
  options: Pick<PrepareOptions, 'onProgress' | 'openDigest'>,
): Promise<void> {
  const offer = knownSelector(id);
  if ((await openStored(store, folderOf(id, hubUrl))) !== undefined) return;
  const plan = planSelector(await findModel(id, connection, hubUrl), offer);
  await prepareModel(plan, store, connection, options);
}

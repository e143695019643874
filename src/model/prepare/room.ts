/** Checks that there is room for a model, before the first byte of its weights. */
import { DeviceError } from '../../contract/errors';
import type { WeightStore } from '../../storage/weights';
import { type Journal, storedOf } from './journal';
import type { SourceLayout } from './layout';

/**
 * @param name what errors call the model
 * @param journal what of it is stored already
 * @throws DeviceError if what is missing does not fit, with numbers if the platform gives them
 */
export async function checkRoom(
  name: string,
  store: WeightStore,
  sources: readonly SourceLayout[],
  journal: Journal,
): Promise<void> {
  let needed = 0;
  for (const { file, shards } of sources) {
    const state = journal.files[file.path];
    needed += shards.reduce((sum, { plan: { size } }) => sum + size, 0);
    if (state !== undefined) needed -= storedOf(state).reduce((sum, { size }) => sum + size, 0);
  }
  if (needed <= 0) return;
  const remedy = 'free some space, or delete another model, and start again';
  const free = await store.freeBytes();
  if (free !== undefined && needed > free) {
    throw new DeviceError(
      `model "${name}" needs ${inWords(needed)} more of storage, and ${inWords(free)} are free; ${remedy}`,
    );
  }
  if (await store.hasRoomFor(needed)) return;
  throw new DeviceError(
    `model "${name}" needs ${inWords(needed)} more of storage, which the browser does not grant this page: the disk ` +
      `or the page's share of it is too full; ${remedy}`,
  );
}

function inWords(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

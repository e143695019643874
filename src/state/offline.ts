/** Whether a newer version of the page is ready, and whether a reload brings threads. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { OfflineActions, OfflineState } from '../contract/offline';

export type { OfflineState } from '../contract/offline';

export interface Offline extends OfflineActions {
  readonly store: StoreApi<OfflineState>;
  /** Hides the note until the next visit. */
  dismiss(): void;
}

const nothingNew: OfflineState = { update: 'none', otherTabs: false, coresAfterReload: null };

/** @param start begins to report; undefined for pages without a service worker */
export function createOffline(
  start?: (report: (change: Partial<OfflineState>) => void) => OfflineActions,
): Offline {
  const store = createStore<OfflineState>(() => nothingNew);
  const actions = start?.((change) => store.setState(change)) ?? {
    reload: async () => location.reload(),
    keepStarter: () => {},
  };
  return { store, ...actions, dismiss: () => store.setState(nothingNew) };
}

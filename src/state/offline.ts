/** What the page knows of its own files: whether a newer version lies ready, and whether a reload brings threads. */
import { createStore, type StoreApi } from 'zustand/vanilla';

export interface OfflineState {
  /** A newer version lies ready beside the one that runs. */
  update: 'none' | 'ready' | 'switching';
  /** It was asked for and cannot come yet: another tab runs this version. */
  otherTabs: boolean;
  /** Reloaded, the page could use this many processor cores; null where a reload changes nothing. */
  coresAfterReload: number | null;
}

export interface Offline {
  readonly store: StoreApi<OfflineState>;
  /** Reloads, with the newer version where one lies ready. */
  reload(): Promise<void>;
  /** Takes the note away until the next visit. */
  dismiss(): void;
  /** The embedded model has been used: it should be there without a network too. */
  keepStarter(): void;
}

export const nothingNew: OfflineState = { update: 'none', otherTabs: false, coresAfterReload: null };

export function createOfflineStore(): StoreApi<OfflineState> {
  return createStore<OfflineState>(() => nothingNew);
}

/** For pages without a service worker. */
export function withoutOffline(): Offline {
  return {
    store: createOfflineStore(),
    reload: async () => location.reload(),
    dismiss: () => {},
    keepStarter: () => {},
  };
}

export interface ThreadsSituation {
  /** Whether the page may have threads already. */
  isolated: boolean;
  provider: 'webgpu' | 'wasm';
  cores: number;
  /** Whether the person has done anything yet that a reload would undo. */
  touched: boolean;
  /** Whether a reload has been tried, in vain. */
  tried: boolean;
}

/**
 * What to do about threads once the service worker answers for this page: on hosts that cannot set headers a page is
 * isolated from its second load on. WebGPU has no use for threads.
 */
export function threadsStep({
  isolated,
  provider,
  cores,
  touched,
  tried,
}: ThreadsSituation): 'nothing' | 'reload' | 'offer' {
  if (isolated || provider === 'webgpu' || cores < 2 || tried) return 'nothing';
  return touched ? 'offer' : 'reload';
}

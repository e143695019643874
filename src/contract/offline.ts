/** The page without a network: what its service worker reports, and what the page asks of it. */

export interface OfflineState {
  /** A newer version is ready beside the one that runs. */
  update: 'none' | 'ready' | 'switching';
  /** The update was asked for and has to wait: another tab runs this version. */
  otherTabs: boolean;
  /** After a reload the page could use this many CPU cores; null if a reload changes nothing. */
  coresAfterReload: number | null;
}

export interface OfflineActions {
  /** Reloads, with the newer version if one is ready. */
  reload(): Promise<void>;
  /** The starter model has been used: keeps it for times without a network. */
  keepStarter(): void;
}

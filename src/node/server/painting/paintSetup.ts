/** What the server and the painting process exchange besides the engine's protocol. */
import type { NetworkPolicy } from '../http/guardedFetch';
import type { PaintOptions } from './paintHost';

export interface PaintSetup {
  paint: PaintOptions;
  network: Pick<NetworkPolicy, 'allowPrivate'>;
}

/**
 * The environment variable that holds the setup as JSON. Not an argument: every user of the device can see those, and
 * the Hub token is in it.
 */
export const SETUP = 'INLAY_PAINT_SETUP';

/** Sent at the end of every run. */
export interface MemoryReport {
  type: 'memory';
  residentBytes: number;
}

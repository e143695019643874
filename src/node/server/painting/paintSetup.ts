/** What the server and the process that paints tell each other beside the engine's own protocol. */
import type { NetworkPolicy } from '../http/guardedFetch';
import type { PaintOptions } from './paintHost';

export interface PaintSetup {
  paint: PaintOptions;
  network: Pick<NetworkPolicy, 'allowPrivate'>;
}

/**
 * The variable that the process finds its setup in, as JSON. Not an argument: those are shown to every user of the
 * machine, and the Hub's token is in it.
 */
export const SETUP = 'INLAY_PAINT_SETUP';

/** Comes with every run's end. */
export interface MemoryReport {
  type: 'memory';
  residentBytes: number;
}

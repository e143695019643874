/** The LoRAs that the user chooses, and what becomes of them. */
import type { AddOnSource, LocalFile } from '../addOnSource';
import type { StoredCheckpoint } from '../checkpoint/reader';

export type LocalLora = LocalFile;

export interface LoraChoice {
  source: AddOnSource;
  /** How much of it: 1 as it was trained. */
  weight: number;
}

export interface OpenLora {
  /** What errors call it. */
  name: string;
  weight: number;
  /** Tells its bytes from any others. */
  digest: string;
  checkpoint: StoredCheckpoint;
}

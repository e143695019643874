/** The LoRAs that the user chooses, and what becomes of them. */
import type { AddOnSource, LocalFile } from '../addOnSource';
import type { StoredCheckpoint } from '../checkpoint/reader';

export type LocalLora = LocalFile;

export interface LoraChoice {
  source: AddOnSource;
  /** The scale: 1 as it was trained. */
  weight: number;
}

export interface OpenLora {
  /** Its name in errors. */
  name: string;
  weight: number;
  /** Identifies its content. */
  digest: string;
  checkpoint: StoredCheckpoint;
}

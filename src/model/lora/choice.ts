/** What a person chooses, and what becomes of it. */
import type { StoredCheckpoint } from '../checkpoint/reader';

/** A person's own file. */
export interface LocalLora {
  /** For people, e.g. its path. */
  name: string;
  blob: Blob;
  /** Stands for its content: size and date. */
  version: string;
}

export interface LoraChoice {
  /** A Hub id, `id/file.safetensors`, an address, or a file. */
  source: string | LocalLora;
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

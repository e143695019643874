/** What goes with a model, as the user names it. */

/** The user's own file. */
export interface LocalFile {
  /** For the user, e.g. its path. */
  name: string;
  blob: Blob;
  /** Stands for its content: size and date. */
  version: string;
}

/** A Hub id, `id/file.safetensors`, an address, or a file. */
export type AddOnSource = string | LocalFile;

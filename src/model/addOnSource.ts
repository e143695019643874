/** What goes with a model, as a person names it. */

/** A person's own file. */
export interface LocalFile {
  /** For people, e.g. its path. */
  name: string;
  blob: Blob;
  /** Stands for its content: size and date. */
  version: string;
}

/** A Hub id, `id/file.safetensors`, an address, or a file. */
export type AddOnSource = string | LocalFile;

/** A LoRA, embedding or other add-on as the user names it. */

/** The user's own file. */
export interface LocalFile {
  /** For the user, e.g. its path. */
  name: string;
  blob: Blob;
  /** Identifies its content: size and date. */
  version: string;
}

/** A Hub id, `id/file.safetensors`, a URL, or a file. */
export type AddOnSource = string | LocalFile;

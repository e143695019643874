/**
 * Limits on what is accepted from outside, if more than one part of Inlay needs them: lengths, sizes and times.
 * A limit that only one parser needs is beside that parser.
 */

/** Characters of a prompt: about 13,000 words. The longest that people share have a few hundred. */
export const MAX_PROMPT_CHARACTERS = 65_536;

/** Characters of the name of a model, LoRA or embedding: servers and browsers cut longer URLs, too. */
export const MAX_NAME_CHARACTERS = 2_048;

/** Characters of one token of a vocabulary: the cost of a prompt grows with its length times this. */
export const MAX_TOKEN_CHARACTERS = 256;

/** Vectors of one token: as many as fit into one row of CLIP's tokens. */
export const MAX_VECTORS = 75;

/** Bytes of a JSON text. The largest in use, a `tokenizer.json` with CLIP's vocabulary, has 2.2 MB. */
export const MAX_JSON_BYTES = 16_000_000;

/** Milliseconds without a byte after which a download is given up. */
export const STALL_MS = 30_000;

/**
 * Milliseconds that a worker or painting process has to answer a cancel; after that it is ended and a new one is started.
 * Most steps are shorter, and a user who cancels wants to continue.
 */
export const CANCEL_MS = 5_000;

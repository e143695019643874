/**
 * How much is taken from outside: greatest lengths, sizes and times that more than one part of Inlay has to know.
 * A limit of one parser alone stands beside that parser.
 */

/** Characters of a prompt: some 13,000 words, where the longest that people share have a few hundred. */
export const MAX_PROMPT_CHARACTERS = 65_536;

/** Characters of a model's, LoRA's or embedding's name: addresses beyond this are cut by servers and browsers, too. */
export const MAX_NAME_CHARACTERS = 2_048;

/** Characters of one token of a vocabulary: what a prompt costs grows with its length times this. */
export const MAX_TOKEN_CHARACTERS = 256;

/** Vectors of one token: as many as a row of CLIP's has room for. */
export const MAX_VECTORS = 75;

/** Bytes of a JSON text from outside. The largest in use, a `tokenizer.json` of CLIP's vocabulary, has 2.2 MB. */
export const MAX_JSON_BYTES = 16_000_000;

/** Milliseconds without a byte after which a read from an address is given up. */
export const STALL_MS = 30_000;

/**
 * Milliseconds that a worker or painting process has to answer a cancel; then it is ended and a new one started. Most steps are
 * shorter, and who cancels wants to go on.
 */
export const CANCEL_MS = 5_000;

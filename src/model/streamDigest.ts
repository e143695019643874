/** SHA-256 of a file as it arrives, whose inner state can be kept and gone on from after an interruption. */
import { createSHA256 } from 'hash-wasm';
import { fromBase64, toBase64 } from './base64';

export interface StreamDigest {
  /**
   * Takes bytes in the order of the calls.
   * @param bytes their memory may be taken over: nobody else may use them afterwards
   * @returns resolves when more may come
   * @throws what an earlier call failed with
   */
  update(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** @returns the inner state after everything so far, in base64 */
  save(): Promise<string>;
  /** Ends it. @returns SHA-256 in hex */
  hex(): Promise<string>;
  close(): void;
}

/** @param state as {@link StreamDigest.save} gave it; absent to begin anew */
export type OpenDigest = (state?: string) => Promise<StreamDigest>;

/** On this thread, at some 200 MB a second: where downloads are faster than that, give it a worker of its own. */
export const openDigestHere: OpenDigest = async (state) => {
  const hash = await createSHA256();
  if (state === undefined) hash.init();
  else hash.load(fromBase64(state));
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    save: async () => toBase64(hash.save()),
    hex: async () => hash.digest('hex'),
    close() {},
  };
};

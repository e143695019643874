/** SHA-256 of a file as it arrives, whose inner state can be saved and restored after an interruption. */
import { toBase64 } from './base64';
import { lendHasher } from './hashers';

export interface StreamDigest {
  /**
   * Takes bytes in the order of the calls.
   * @param bytes their memory may be reused: the caller must not use them afterwards
   * @returns resolves when more may come
   * @throws what an earlier call failed with
   */
  update(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** @returns the inner state after everything so far, in base64 */
  save(): Promise<string>;
  /** @returns SHA-256 in hex, after which only `close` may be called */
  hex(): Promise<string>;
  close(): void;
}

/** @param state as {@link StreamDigest.save} gave it; absent to begin again */
export type OpenDigest = (state?: string) => Promise<StreamDigest>;

/** On this thread, at some 200 MB a second: if downloads get faster than that, give it its own worker. */
export const openDigestHere: OpenDigest = async (state) => {
  const { hash, giveBack } = await lendHasher('sha256', state);
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    save: async () => toBase64(hash.save()),
    hex: async () => hash.digest('hex'),
    close: giveBack,
  };
};

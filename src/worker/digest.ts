/** A worker that only computes SHA-256, so that the thread that stores a download does not wait for it. */
import { openDigestHere, type StreamDigest } from '../model/prepare/streamDigest';

export type ToDigest =
  /** First message. */
  | { type: 'open'; id: number; state: string | undefined }
  | { type: 'update'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'save' | 'hex'; id: number };

/** Every message gets an answer, in order. */
export interface FromDigest {
  id: number;
  text?: string;
  error?: string;
}

const scope = self as unknown as DedicatedWorkerGlobalScope;
let digest: StreamDigest | undefined;
let tail: Promise<unknown> = Promise.resolve();

async function answer(message: ToDigest): Promise<string | undefined> {
  if (message.type === 'open') digest = await openDigestHere(message.state);
  if (digest === undefined) throw new Error('a digest that was not opened');
  if (message.type === 'update') await digest.update(message.bytes);
  return message.type === 'save' || message.type === 'hex' ? digest[message.type]() : undefined;
}

scope.onmessage = ({ data }: MessageEvent<ToDigest>) => {
  tail = tail
    .then(() => answer(data))
    .then(
      (text) => scope.postMessage({ id: data.id, text } satisfies FromDigest),
      (error) => scope.postMessage({ id: data.id, error: String(error) } satisfies FromDigest),
    );
};

/** Dispatches the page's messages to the engine in this worker: one run at a time, each cancellable. */
import type { Call } from '../contract/engine';
import { encodeError } from '../contract/errors';
import type { HubAccess } from '../contract/modelLibrary';
import type { FinishedPicture, FromWorker, Texts, ToWorker } from '../contract/protocol';
import { type Later, logIgnored, readToWorker } from '../contract/protocol';
import type { InpaintRequest, LocalOptions } from '../contract/schema';

/** What runs the requests. */
export interface Host {
  inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<FinishedPicture>;
  /** True once nothing more can run here: the device is lost. */
  isDead(): boolean;
  /** Lets go of the open model; absent where none stays open. */
  release?(): Promise<void>;
  /** @throws TooLargeError where a model of these configurations cannot run here; absent where nothing is fetched */
  judge?(name: string, texts: Texts): Promise<void>;
  /** From now on models come from there; absent where that never changes. */
  setHub?(hub: HubAccess): void;
}

export type Post = (message: FromWorker, transfer?: Transferable[]) => void;

/** @returns the receiver of every message after `init`; it looks at them first */
export function serve(host: Host, post: Post): (message: Later<ToWorker>) => void {
  const running = new Map<number, AbortController>();
  /** Of those, the one whose turn it is. */
  let current: number | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function run(id: number, request: InpaintRequest, options: LocalOptions, signal: AbortSignal) {
    // Cancelled while it waited, and answered then.
    if (signal.aborted) return;
    current = id;
    try {
      const picture = await host.inpaint(request, options, {
        signal,
        onProgress(progress) {
          const preview = progress.stage === 'denoise' ? progress.preview : undefined;
          post({ type: 'progress', id, progress }, preview === undefined ? [] : [preview]);
        },
      });
      // A result that nobody waits for is not published.
      signal.throwIfAborted();
      post({ type: 'result', id, picture });
    } catch (error) {
      post({ type: 'error', id, error: encodeError(error), dead: host.isDead() });
    } finally {
      current = undefined;
      running.delete(id);
    }
  }

  function cancel(id: number): void {
    const controller = running.get(id);
    controller?.abort();
    // What waits has nothing to stop, and need not wait to be told.
    if (controller === undefined || id === current) return;
    running.delete(id);
    post({ type: 'error', id, error: encodeError(controller.signal.reason), dead: false });
  }

  async function answer(id: number, work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
      post({ type: 'answered', id });
    } catch (error) {
      post({ type: 'answered', id, error: encodeError(error) });
    }
  }

  return (data) => {
    const message = readToWorker(data);
    if (message === undefined) return logIgnored('page', data);
    switch (message.type) {
      case 'unreadable':
        post({ type: 'error', id: message.id, error: message.error, dead: false });
        return;
      case 'inpaint': {
        const { id, request, options } = message;
        if (running.has(id)) return logIgnored('page', data);
        const controller = new AbortController();
        if (running.size > 0) {
          post({ type: 'progress', id, progress: { stage: 'queue', position: running.size } });
        }
        running.set(id, controller);
        tail = tail.catch(() => {}).then(() => run(id, request, options, controller.signal));
        return;
      }
      case 'cancel':
        cancel(message.id);
        return;
      case 'hub':
        host.setHub?.(message.hub);
        return;
      case 'judge':
        void answer(message.id, host.judge?.(message.name, message.texts));
        return;
      case 'release': {
        // A run that is under way, or about to be, needs its model.
        if (running.size > 0) post({ type: 'answered', id: message.id });
        else tail = tail.catch(() => {}).then(() => answer(message.id, host.release?.()));
        return;
      }
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  };
}

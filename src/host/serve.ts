/** Dispatches a client's messages to the host: one run at a time, each cancellable. */
import type { Call } from '../contract/engine';
import { encodeError } from '../contract/errors';
import type { HubAccess } from '../contract/modelLibrary';
import type { FinishedPicture, FromWorker, Texts, ToWorker } from '../contract/protocol';
import { type Later, logIgnored, readToWorker } from '../contract/protocol';
import type { InpaintRequest, LocalOptions } from '../contract/schema';

/** Runs the requests. */
export interface Host {
  inpaint(request: InpaintRequest, options: LocalOptions, call: Call): Promise<FinishedPicture>;
  /** True once nothing more can run here, because the device was lost or memory ran out. */
  isDead(): boolean;
  /** Closes the open model; absent if none stays open. */
  release?(): Promise<void>;
  /**
   * @throws TooLargeError if a model with these configurations cannot run on this device; absent if nothing is downloaded
   */
  judge?(name: string, texts: Texts): Promise<void>;
  /** @returns floating point operations per second of this device; absent if nobody asks */
  measureSpeed?(): Promise<number>;
  /** Does the next piece of what the first run of the starter model would wait for. @returns whether there are more */
  warmUp?(): Promise<boolean>;
  /** Sets where models come from; absent if that never changes. */
  setHub?(hub: HubAccess): void;
}

export type Post = (message: FromWorker, transfer?: Transferable[]) => void;

/** @returns the receiver of every message after `init`; it checks each one */
export function serve(host: Host, post: Post): (message: Later<ToWorker>) => void {
  const running = new Map<number, AbortController>();
  /** The one whose turn it is. */
  let current: number | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function run(id: number, request: InpaintRequest, options: LocalOptions, signal: AbortSignal) {
    // Cancelled and answered while it waited.
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
      // Cancelled in the meantime: nobody waits for the result.
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
    // A waiting run has nothing to stop, so answer immediately.
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

  async function measure(id: number): Promise<void> {
    // A run that came first, or meanwhile, would only be held up; its own time says more.
    const isFree = () => running.size === 0 && host.measureSpeed !== undefined;
    try {
      const speed = isFree() ? ((await host.measureSpeed?.()) ?? null) : null;
      post({ type: 'measured', id, speed });
    } catch (error) {
      post({ type: 'answered', id, error: encodeError(error) });
    }
  }

  async function warmUp(id: number): Promise<void> {
    try {
      post({ type: 'warmed', id, more: (await host.warmUp?.()) ?? false });
    } catch (error) {
      post({ type: 'error', id, error: encodeError(error), dead: host.isDead() });
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
      case 'measure':
        tail = tail.catch(() => {}).then(() => measure(message.id));
        return;
      case 'warmUp': {
        // Runs come first: it is for the page to ask again.
        if (running.size > 0) post({ type: 'warmed', id: message.id, more: true });
        else tail = tail.catch(() => {}).then(() => warmUp(message.id));
        return;
      }
      case 'release': {
        // A run that is current, or waiting, needs its model.
        if (running.size > 0) post({ type: 'answered', id: message.id });
        else tail = tail.catch(() => {}).then(() => answer(message.id, host.release?.()));
        return;
      }
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  };
}

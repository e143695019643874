/** Dispatches the page's messages to the library: any number at once, each cancellable. */
import { decodeError, encodeError } from '../contract/errors';
import type { FromLibrary, LibraryRequest, LibraryValues, ToLibrary } from '../contract/protocol';
import { type Later, logIgnored, readToLibrary } from '../contract/protocol';
import { describingPaths } from '../model/describeModel';
import type { CheckpointFiles } from '../model/files';
import type { Library } from '../model/library';

/** @returns the receiver of every message after `init` */
export function serveLibrary(
  library: Library,
  post: (message: FromLibrary) => void,
): (message: Later<ToLibrary>) => void {
  const running = new Map<number, AbortController>();
  const judgements = new Map<number, { resolve(): void; reject(error: Error): void }>();

  /** What the device can run is up to the engine, which is asked. */
  async function admit(id: number, files: CheckpointFiles, signal: AbortSignal): Promise<void> {
    const texts = new Map<string, string>();
    for (const path of describingPaths) {
      const bytes = await files.read(path);
      if (bytes !== undefined) texts.set(path, new TextDecoder().decode(bytes));
    }
    signal.throwIfAborted();
    const judged = new Promise<void>((resolve, reject) => {
      judgements.set(id, { resolve, reject });
      // The engine may be busy for a long time; cancelling does not wait for it.
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    post({ type: 'judge', id, name: files.name, texts });
    try {
      await judged;
    } finally {
      judgements.delete(id);
    }
  }

  function answer(
    id: number,
    request: LibraryRequest,
    signal: AbortSignal,
  ): Promise<LibraryValues[keyof LibraryValues]> {
    switch (request.method) {
      case 'describe':
        return library.describe(request.name, { precision: request.precision, signal });
      case 'download':
        return library
          .download(request.name, {
            precision: request.precision,
            signal,
            admit: (files) => admit(id, files, signal),
            onProgress: (progress) => post({ type: 'progress', id, progress }),
          })
          .then(() => null);
      case 'offerFiles':
        return library.offerFiles(request.title, request.files);
      case 'readEmbedding':
        return library.readEmbedding(request.source, signal);
      case 'describeSelector':
        return library.describeSelector(request.selector, signal);
      case 'downloadSelector':
        return library
          .downloadSelector(request.selector, {
            signal,
            onProgress: (progress) => post({ type: 'progress', id, progress }),
          })
          .then(() => null);
      case 'list':
        return library.list();
      case 'assistants':
        return library.assistants();
      case 'room':
        return library.room().then((bytes) => bytes ?? null);
      case 'remove':
        return library.remove(request.folder).then(() => null);
      default:
        throw new TypeError(`unknown request ${request satisfies never}`);
    }
  }

  async function run(id: number, request: LibraryRequest): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const value = await answer(id, request, controller.signal);
      post({ type: 'result', id, value });
    } catch (error) {
      post({ type: 'error', id, error: encodeError(error) });
    } finally {
      running.delete(id);
    }
  }

  return (data) => {
    const message = readToLibrary(data);
    if (message === undefined) return logIgnored('page', data);
    switch (message.type) {
      case 'unreadable':
        post({ type: 'error', id: message.id, error: message.error });
        return;
      case 'call':
        void run(message.id, message.request);
        return;
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'judged': {
        const judgement = judgements.get(message.id);
        if (message.error === undefined) judgement?.resolve();
        else judgement?.reject(decodeError(message.error));
        return;
      }
      case 'hub':
        library.setHub(message.hub);
        return;
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  };
}

/** Dispatches the page's messages to the library: any number at once, each cancellable. */
import { encodeError } from '../engine/errors';
import type { FromLibrary, LibraryRequest, LibraryValues, ToLibrary } from '../engine/protocol';
import type { Library } from '../model/library';

/** @returns the receiver of every message after `init` */
export function serveLibrary(
  library: Library,
  post: (message: FromLibrary) => void,
): (message: Exclude<ToLibrary, { type: 'init' }>) => void {
  const running = new Map<number, AbortController>();

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
            onProgress: (progress) => post({ type: 'progress', id, progress }),
          })
          .then(() => null);
      case 'offerFiles':
        return library.offerFiles(request.title, request.files);
      case 'list':
        return library.list();
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

  return (message) => {
    switch (message.type) {
      case 'call':
        void run(message.id, message.request);
        return;
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'hub':
        library.setHub(message.hub);
        return;
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  };
}

/** Connects the model library to the page's messages. */
import type { FromLibrary, ToLibrary } from '../contract/protocol';
import { STARTER } from '../contract/schema';
import { holdLifeLock } from '../contract/workerLock';
import { serveLibrary } from '../host/serveLibrary';
import { httpFiles } from '../model/files';
import { createLibrary } from '../model/library';
import type { Manners } from '../model/source/download';
import { weightStoreHere } from '../storage/weightsOpfs';
import { openDigestInWorker } from './digestClient';

/** @param manners tests wait less than real servers ask for */
export function serveLibraryScope(manners: Manners = {}): void {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const post = (message: FromLibrary) => scope.postMessage(message);
  let receive: ReturnType<typeof serveLibrary> | undefined;
  holdLifeLock((lock) => post({ type: 'alive', lock }));

  scope.onmessage = ({ data }: MessageEvent<ToLibrary>) => {
    if (data?.type === 'init') {
      const starter = httpFiles(STARTER, new URL('models/starter/', data.baseUrl).href);
      const library = createLibrary({
        store: weightStoreHere(),
        starter,
        openDigest: openDigestInWorker,
        manners,
      });
      receive = serveLibrary(library, post);
    } else {
      receive?.(data);
    }
  };
}

/** The engine's worker: connects a host to the page's messages. */
import '../contract/pageSecurity';
import { encodeError } from '../contract/errors';
import type { FromWorker, ToWorker } from '../contract/protocol';
import { holdLifeLock } from '../contract/workerLock';
import { createHost } from '../host/createHost';
import { serve } from '../host/serve';
import { verdictStore } from './deviceVerdicts';
import { browserPlatform } from './platform';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

holdLifeLock((lock) => post({ type: 'alive', lock }));
let receive: ReturnType<typeof serve> | undefined;
scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data?.type === 'init') {
    const { baseUrl, provider, hubUrl } = data;
    const host = createHost(
      browserPlatform({
        baseUrl,
        provider,
        hubUrl,
        onStatus: (status) => post({ type: 'status', status }),
        verdicts: verdictStore(),
      }),
    );
    // Before the first run: the page shows where runs will take place.
    host.openRuntime().catch((error) => post({ type: 'unavailable', error: encodeError(error) }));
    receive = serve(host, post);
  } else {
    receive?.(data);
  }
};

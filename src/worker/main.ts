/** The worker's entry: wires the host to the page's messages. */
import '../contract/closedPage';
import { get, set } from 'idb-keyval';
import { encodeError } from '../contract/errors';
import type { FromWorker, ToWorker } from '../contract/protocol';
import { serve } from '../host/serve';
import { createHost } from './host';
import { tellLife } from './life';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

tellLife(post);
let receive: ReturnType<typeof serve> | undefined;
scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data?.type === 'init') {
    const { baseUrl, provider, hubUrl } = data;
    const host = createHost({
      baseUrl,
      provider,
      hubUrl,
      onStatus: (status) => post({ type: 'status', status }),
      onUnavailable: (error) => post({ type: 'unavailable', error: encodeError(error) }),
      verdicts: { get: (key) => get<string>(key), set },
    });
    receive = serve(host, post);
  } else {
    receive?.(data);
  }
};

/**
 * The painting process, started by paintEngine.ts. Evaluating a large network takes seconds, during which the server
 * must answer; and if this process runs out of memory, the server does not.
 */
import { InputError } from '../../../contract/errors';
import type { FromWorker, ToWorker } from '../../../contract/protocol';
import { serve } from '../../../host/serve';
import { createGuardedFetch, ForbiddenAddressError } from '../http/guardedFetch';
import { decode, encode } from './ipcBlobs';
import { createPaintHost } from './paintHost';
import { type MemoryReport, type PaintSetup, SETUP } from './paintSetup';

const setup = JSON.parse(process.env[SETUP] ?? '') as PaintSetup;

// Requests may name models by URL, so this process may only reach what the policy allows.
const guarded = createGuardedFetch({
  ...setup.network,
  trustedOrigins: [new URL(setup.paint.hubUrl).origin],
});
globalThis.fetch = async (...parameters) => {
  try {
    return await guarded(...parameters);
  } catch (error) {
    if (!(error instanceof ForbiddenAddressError)) throw error;
    // Only models are fetched here: images come with the request.
    throw new InputError('model_name', `model_name: ${error.message}, where this server fetches models from`);
  }
};

const post = async (message: FromWorker): Promise<void> => {
  if (message.type === 'result' || message.type === 'error') {
    process.send?.({ type: 'memory', residentBytes: process.memoryUsage.rss() } satisfies MemoryReport);
  }
  process.send?.(await encode(message));
};
// In order: encoding an image takes longer than encoding a line of progress.
let tail: Promise<void> = Promise.resolve();
const receive = serve(createPaintHost(setup.paint), (message) => {
  tail = tail.then(() => post(message));
});
process.on('message', (message: ToWorker) => {
  const whole = decode(message);
  if (whole?.type === 'inpaint' || whole?.type === 'cancel') receive(whole);
});
// A terminal sends its signals to both processes; the server decides when a run has to end.
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
// The server is gone.
process.on('disconnect', () => process.exit());

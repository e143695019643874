import { expect, it, vi } from 'vitest';
import type { Engine } from '../contract/engine';
import { parseLocalOptions, parseRequest } from '../contract/engine';
import { NetworkError } from '../contract/errors';
import { createHostedEngineOnDemand } from './hostedOnDemand';

const request = parseRequest({
  ...{ model_name: 'starter', prompt: 'a cat' },
  ...{ image_url: 'data:image/png;base64,AA==', mask_url: 'data:image/png;base64,AA==' },
});
const run = (engine: Engine) =>
  engine.inpaint(request, parseLocalOptions({}), {
    signal: AbortSignal.abort(),
    onProgress: () => {},
  });

it('loads the engine once, at the first run', async () => {
  const load = vi.fn(() => import('./hosted'));
  const engine = createHostedEngineOnDemand({ access: () => ({ kind: 'key', key: 'k' }) }, load);
  await engine.dispose();
  expect(load).not.toHaveBeenCalled();
  // What the hosted engine says of a run that was cancelled before.
  await expect(run(engine)).rejects.toMatchObject({ name: 'AbortError' });
  await expect(run(engine)).rejects.toMatchObject({ name: 'AbortError' });
  expect(load).toHaveBeenCalledOnce();
  await engine.dispose();
});

it('says that its part of the page cannot be loaded, and tries again at the next run', async () => {
  const load = vi.fn(() => import('./hosted'));
  load.mockRejectedValueOnce(new TypeError('Failed to fetch dynamically imported module'));
  const engine = createHostedEngineOnDemand({ access: () => ({ kind: 'key', key: 'k' }) }, load);
  await expect(run(engine)).rejects.toThrow(NetworkError);
  await engine.dispose();
  await expect(run(engine)).rejects.toMatchObject({ name: 'AbortError' });
});

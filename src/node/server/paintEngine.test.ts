import { expect, it } from 'vitest';
import { DeviceLostError, messageOf } from '../../engine/errors';
import { inpaintRequestSchema, localOptionsSchema } from '../../engine/schema';
import { createPaintEngine } from './paintEngine';
import { required } from './server.testing';

it('says in words for clients that the process ended, and that the engine was shut down', async () => {
  // It ends as it starts: the hub's address is none.
  const paint = { folders: {}, hubUrl: 'no address' };
  const engine = createPaintEngine({ paint, network: { allowPrivate: false } });
  const run = () =>
    engine
      .inpaint(inpaintRequestSchema.parse(required), localOptionsSchema.parse({}), {
        signal: new AbortController().signal,
        onProgress: () => {},
      })
      .then(
        () => expect.fail('it painted'),
        (error: unknown) => error,
      );
  const ended = await run();
  expect(ended).toBeInstanceOf(DeviceLostError);
  expect(messageOf(ended)).toMatch(/^The process that paints ended \(exit code 1\).*send this one again/);
  await engine.dispose();
  const closed = await run();
  expect(messageOf(closed)).toMatch(/^The server is stopping/);
  for (const error of [ended, closed]) expect(messageOf(error)).not.toMatch(/page|press|Generate/);
});

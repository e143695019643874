import { describe, expect, it } from 'vitest';
import { hastyConnection } from '../../../test/support/hub/hubServer';
import { mended, refused } from '../../../test/support/hub/misbehaviour';
import {
  crashing,
  expectFinished,
  expectNothing,
  hub,
  prepare,
  requests,
  serve,
  temporary,
  UNET,
  withHubAndStore,
} from '../../../test/support/prepare';
import type { PrepareOptions } from './prepare';

withHubAndStore();

describe('a hub that misbehaves', () => {
  const unet = { path: UNET } as const;
  it.each(mended)('%s: the model is finished all the same', async (_, faults) => {
    await serve({ faults });
    await prepare({ checkpointBytes: 100_000 });
    await expectFinished();
  });

  it('goes on at the byte where the connection was cut', async () => {
    await serve({
      faults: [{ kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet }],
    });
    await prepare();
    // What a stream had not yet delivered when it broke is lost with it, so the byte may be an earlier one.
    const resumed = Number(/^bytes=(\d+)-$/.exec(requests(UNET).at(-1) ?? '')?.[1]);
    expect(resumed).toBeGreaterThan(300_000);
    expect(resumed).toBeLessThanOrEqual(500_001);
  });

  it.each(refused)(
    '%s: a clear message, nothing half-used, finished once it behaves',
    async (_, faults, name, message) => {
      await serve({ faults });
      await expect(prepare({ checkpointBytes: 100_000 })).rejects.toMatchObject({
        name,
        message: expect.stringMatching(message),
      });
      await expectNothing();
      hub.faults.clear();
      await prepare();
      await expectFinished();
    },
  );

  it('goes on after a restart, from the byte where it stopped', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, ...unet }] });
    await expect(prepare()).rejects.toThrow(/7 times in a row/);
    hub.faults.clear();
    const before = hub.log.length;
    await prepare();
    await expectFinished();
    const ranges = hub.log.slice(before).filter(({ url, origin }) => origin === 'hub' && url.includes(UNET));
    // A value of four bytes is never cut: the last byte of 700,001 comes again, and what no value needs.
    expect(ranges.at(-1)?.range).toMatch(/^bytes=(69999[89]|70000[01])-$/);
  });

  it('goes on after a crash, from what was safe', async () => {
    await serve();
    const crash = crashing(temporary.store, 200);
    await expect(prepare({ store: crash, checkpointBytes: 100_000, precision: 'fp16' })).rejects.toThrow(
      'power cut',
    );
    await expectNothing('fp16');
    await prepare({ precision: 'fp16' });
    await expectFinished('fp16');
    expect(requests(UNET).filter((range) => /^bytes=[1-9]\d+-$/.test(range))).toHaveLength(1);
  });

  it('begins a file anew whose shard was thrown away meanwhile', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, ...unet }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    const [name = ''] = await temporary.store.models();
    await temporary.store.model(name).remove('unet/00001.safetensors');
    hub.faults.clear();
    await prepare();
    await expectFinished();
  });

  it('stops within a chunk when it is cancelled, and goes on later', async () => {
    await serve({ faults: [{ kind: 'slow', bytesPerSecond: 2_000_000, origin: 'content', ...unet }] });
    const stop = new AbortController();
    const connection = { ...hastyConnection(hub.url), signal: stop.signal };
    const onProgress: PrepareOptions['onProgress'] = (progress) => {
      if (progress.stage === 'download' && progress.file === UNET) stop.abort();
    };
    await expect(prepare({ connection, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    await expectNothing();
    hub.faults.clear();
    await prepare();
    await expectFinished();
  });

  it('sees a header that changed on its way even where no digest is given', async () => {
    await serve({
      faults: [{ kind: 'corrupt', atByte: 90, origin: 'content', path: 'unet', after: 2, times: 1 }],
    });
    const call = { name: `${hub.contentUrl}/plain/golden/sd15` };
    await expect(prepare(call)).rejects.toThrow(/came in two ways/);
    await prepare(call);
    await expectFinished('fp32', `${call.name}/`);
  });
});

describe('a plain web server', () => {
  it('forgets what it has of a file that changed before the rest came', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 3, path: UNET }] });
    const call = { name: `${hub.contentUrl}/plain/golden/sd15/` };
    await expect(prepare(call)).rejects.toThrow(/7 times in a row/);
    hub.faults.clear();
    hub.faults.add({ kind: 'change', path: UNET });
    await expect(prepare(call)).rejects.toThrow(/another version/);
    hub.faults.clear();
    await prepare(call);
    await expectFinished('fp32', call.name);
  });
});

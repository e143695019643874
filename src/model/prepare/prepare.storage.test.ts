import { describe, expect, it } from 'vitest';
import { memoryFile } from '../../../test/support/hub/files';
import { goldenFiles } from '../../../test/support/hub/hubServer';
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
import type { WeightStore } from '../../storage/weights';
import { storedName } from './journal';

withHubAndStore();

describe('storage', () => {
  it('asks for the space before the first byte of weights', async () => {
    await serve();
    const store: WeightStore = { ...temporary.store, freeBytes: async () => 1_000_000 };
    await expect(prepare({ store })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/needs 1\.7 MB more of storage, and 1\.0 MB are free/),
    });
    const weights = hub.log.filter(({ url, range }) => url.includes('safetensors') && range === undefined);
    expect(weights.filter(({ url }) => url.includes('/resolve/'))).toEqual([]);
  });

  it('says when the disk is full, and goes on once there is room', async () => {
    await serve();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await expect(prepare({ store: crashing(temporary.store, 5, full) })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/is full; what has arrived is kept/),
    });
    await expectNothing();
    await prepare();
    await expectFinished();
  });

  it('asks for the space also where the platform does not say how much is free', async () => {
    await serve();
    const asked: number[] = [];
    const hasRoomFor = async (bytes: number) => asked.push(bytes) > 1;
    const store: WeightStore = { ...temporary.store, freeBytes: async () => undefined, hasRoomFor };
    await expect(prepare({ store })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/needs 1\.7 MB more of storage, which the browser does not grant/),
    });
    expect(requests(UNET).filter((range) => range === 'whole')).toEqual([]);
    await prepare({ store });
    expect(asked).toHaveLength(2);
    await expectFinished();
  });

  it('prepares a model once where two ask for it at the same time', async () => {
    await serve();
    const stages: string[] = [];
    await Promise.all([
      prepare(),
      prepare({ onProgress: ({ stage }) => stages.push(stage) }),
      prepare({ onProgress: ({ stage }) => stages.push(stage) }),
    ]);
    await expectFinished();
    expect(stages).toContain('wait');
    // Two requests for the header, one for the whole file: once each.
    expect(requests(UNET).filter((range) => range === 'whole')).toHaveLength(1);
  });

  it('keeps what is stored when the repository gets a commit that leaves the weights alone', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, path: UNET }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    hub.faults.clear();
    hub.commit('golden/sd15', [...(await goldenFiles('sd15')), memoryFile('README.md', '# new')]);
    await prepare();
    await expectFinished();
    expect(requests(UNET).filter((range) => range === 'whole')).toHaveLength(1);
  });

  it('begins a file anew whose half another build of the hashers left', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, path: UNET }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    hub.faults.clear();
    const folder = temporary.store.model(storedName('golden/sd15', 'fp32'));
    const journal = (await folder.readText('unfinished.json')) ?? '';
    // The first bytes of a state name the build that wrote it.
    const other = journal.replaceAll(/(?<="(?:digestState|sha256State)":")[^"]{5}/g, 'AAAAA');
    expect(other).not.toBe(journal);
    await folder.writeText('unfinished.json', other);
    await prepare();
    await expectFinished();
  });

  it('takes the new weights when the repository changes them half-way', async () => {
    await serve({ faults: [{ kind: 'cut', atByte: 700_001, origin: 'content', after: 2, path: UNET }] });
    await expect(prepare()).rejects.toThrow(/in a row/);
    hub.faults.clear();
    hub.commit('golden/sd15', await goldenFiles('sd15-inpaint'));
    await prepare();
    await expectFinished('fp32', 'golden/sd15', 'sd15-inpaint');
  });
});

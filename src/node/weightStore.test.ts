import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';

let temporary: TemporaryStore;
beforeEach(async () => {
  temporary = await temporaryStore();
  // What a process leaves behind when it is killed.
  const { pid } = spawnSync(process.execPath, ['--version']);
  await mkdir(join(temporary.folder, 'models'));
  await writeFile(join(temporary.folder, 'models', 'left.lock'), `${pid} left`);
});
afterEach(() => temporary.remove());

it('takes a dead process for none', async () => {
  expect(await temporary.store.isBusy('left')).toBe(false);
  let ran = false;
  const work = async () => {
    ran = await temporary.store.isBusy('left');
  };
  expect(await temporary.store.ifUnused('left', work)).toBe(true);
  expect(ran).toBe(true);
});

it('hands a dead process’s lock to one of many at a time', async () => {
  let working = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++working);
    await new Promise((resolve) => setImmediate(resolve));
    working--;
  };
  const signal = new AbortController().signal;
  await Promise.all(
    Array.from({ length: 4 }, () => temporary.store.exclusively('left', signal, () => {}, work)),
  );
  expect(most).toBe(1);
});

it('keeps a model that a living process has open, and forgets the dead ones', async () => {
  const { store, folder } = temporary;
  await writeFile(
    join(folder, 'models', 'open.use-dead'),
    await readFile(join(folder, 'models', 'left.lock')),
  );
  const [release, again] = [await store.use('open'), await store.use('open')];
  const remove = () => store.ifUnused('open', async () => {});
  expect(await remove()).toBe(false);
  release();
  expect(await remove()).toBe(false);
  again();
  await eventually(async () => expect(await remove()).toBe(true));
  // A model whose name begins alike must not be affected.
  await store.use('open-2');
  expect(await remove()).toBe(true);
  expect((await readdir(join(folder, 'models'))).filter((name) => name.startsWith('open.use'))).toEqual([]);
});

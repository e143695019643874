import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TemporaryStore, temporaryStore } from '../../test/support/hub/hubServer';

let temporary: TemporaryStore;
beforeEach(async () => {
  temporary = await temporaryStore();
  // What a process leaves behind that ends at once.
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

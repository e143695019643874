/**
 * Every way in which the local hub can misbehave, in a browser: the same table as src/model/prepare/prepare.faults.test.ts, with
 * the browser's own network, streams and storage. "Finished" means: byte for byte what an undisturbed download stores.
 */
import type { Page } from '@playwright/test';
import { folderFiles, type HubFile } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { mended, refused } from '../test/support/hub/misbehaviour';
import { harnessPage } from '../test/support/pages/harness';
import { expect, test } from '../test/support/pages/test';

const MODEL = 'golden/sd15';

let files: HubFile[];
let hub: Hub;
let page: Page;
let undisturbed: Record<string, string>;

const download = (name = MODEL) => page.evaluate((model) => window.libraryHarness?.download(model), name);
const kept = () => page.evaluate(() => window.libraryHarness?.kept());
const stored = () => page.evaluate(() => window.libraryHarness?.stored());

async function expectFinished(): Promise<void> {
  expect(await kept()).toEqual([MODEL]);
  expect(await stored()).toEqual(undisturbed);
}

// One page for all: its workers start once.
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({ browser }) => {
  files = await folderFiles(`goldens/models/sd15`);
  hub = await startHub({
    repos: [
      { id: MODEL, files },
      { id: 'some/gated', files, gatedBy: 'hf_right' },
      { id: 'some/private', files, privateTo: 'hf_right' },
    ],
  });
  page = await browser.newPage();
  await page.goto(harnessPage('library.html'));
  await page.waitForFunction(() => window.libraryHarness !== undefined);
  await page.evaluate((url) => window.libraryHarness?.setHub(url), hub.url);
  expect(await download()).toBeNull();
  undisturbed = (await stored()) ?? {};
  expect(Object.keys(undisturbed).filter((path) => path.endsWith('.safetensors'))).toHaveLength(3);
});
test.beforeEach(async () => {
  await page.evaluate(() => window.libraryHarness?.removeAll());
  expect(await stored()).toEqual({});
});
test.afterEach(() => hub.faults.clear());
test.afterAll(async () => {
  await page.close();
  await hub.close();
});

for (const [what, faults] of mended) {
  test(`a hub that ${what}: the model is finished all the same`, async () => {
    for (const fault of faults) hub.faults.add(fault);
    expect(await download()).toBeNull();
    await expectFinished();
  });
}

for (const [what, faults, name, message] of refused) {
  test(`a hub that ${what}: a clear message, nothing half-used, finished once it behaves`, async () => {
    for (const fault of faults) hub.faults.add(fault);
    expect(await download()).toMatchObject({ name, message: expect.stringMatching(message) });
    expect(await kept()).toEqual([]);
    hub.faults.clear();
    expect(await download()).toBeNull();
    await expectFinished();
  });
}

const missing: [name: string, field: string, message: RegExp][] = [
  ['nobody/nothing', 'model_name', /no model "nobody\/nothing"/],
  [`${MODEL}@nope`, 'model_name', /has no revision "nope"/],
  ['some/gated', 'hub_token', /some\/gated is gated: accept its terms/],
  ['some/private', 'model_name', /no model "some\/private".*If it is private, enter a token/],
];
for (const [name, field, message] of missing) {
  test(`${name}: what is missing is named, and nothing is kept of it`, async () => {
    expect(await download(name)).toMatchObject({
      name: 'InputError',
      field,
      message: expect.stringMatching(message),
    });
    expect(await stored()).toEqual({});
  });
}

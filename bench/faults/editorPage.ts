/** Faults around the page, with an engine that paints a disc: this tests what the page keeps, not what the model generates. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { Page } from '@playwright/test';
import type { EditorPage } from '../../test/support/pages/editorPage';
import { decode } from '../../test/support/pictures';
import { type Addresses, type Misbehaviour, startAddresses } from './addresses';
import { alertOf, faulty, galleryOf, maskOf, type Person, restore, stateOf } from './person';
import { check, digestOf, type Group, type Kind, lostOf, pause, until } from './report';

/** Runs of one step finish; a longer run waits at its third step for the event `go-on`. */
const QUERY = 'index.html?ms=5&hold=3';

/** Clicks "Generate" and waits until the run is held in the middle. */
async function runHeld(editor: EditorPage): Promise<void> {
  await editor.steps.fill('8');
  await editor.generate.click();
  await editor.page
    .getByText(/3 of 8/)
    .first()
    .waitFor();
}

const goOn = ({ page }: EditorPage) => page.evaluate(() => void dispatchEvent(new Event('go-on')));

async function hasNewResult(editor: EditorPage): Promise<void> {
  await editor.result.waitFor();
}

/** A newer version of the page waits in another tab for a tab that keeps its database open; later openings queue behind it. */
async function databasesThatWait(page: Page, url: string): Promise<void> {
  const other = await page.context().newPage();
  await other.goto(new URL('/favicon.svg', url).href);
  await other.evaluate(() =>
    Promise.all(
      ['inlay-gallery', 'inlay-drafts'].map(
        (name) =>
          new Promise<void>((resolve, reject) => {
            const held = indexedDB.open(name, 1);
            held.onupgradeneeded = () => {
              held.result.createObjectStore(name.endsWith('drafts') ? 'drafts' : 'entries');
              held.result.createObjectStore('pictures');
            };
            held.onerror = () => reject(held.error);
            held.onsuccess = () => {
              const newer = indexedDB.open(name, 2);
              newer.onblocked = () => resolve();
            };
          }),
      ),
    ),
  );
}
const openRefused = () => {
  IDBFactory.prototype.open = () => {
    throw new DOMException('not allowed in this window', 'InvalidStateError');
  };
};
const nothingRemembered = () => {
  Object.defineProperty(window, 'localStorage', {
    get() {
      throw new DOMException('denied for this document', 'SecurityError');
    },
  });
};

/** What a newer version of the page would have stored. */
async function newerDatabases(page: Page, url: string): Promise<void> {
  await page.goto(new URL('/favicon.svg', url).href);
  await page.evaluate(() =>
    Promise.all(
      ['inlay-gallery', 'inlay-drafts'].map(
        (name) =>
          new Promise<void>((resolve, reject) => {
            const opening = indexedDB.open(name, 99);
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
              opening.result.close();
              resolve();
            };
          }),
      ),
    ),
  );
}

/** A browser that stores nothing for the page: the result can be seen and downloaded, and the page says so. */
function keepsNothing(name: string, url: string, prepare: (page: Page) => Promise<unknown>): Kind {
  return {
    name,
    run: () =>
      faulty(
        url,
        async (_person, editor) => {
          const since = performance.now();
          return { told: await alertOf(editor, /saved in the gallery/), since };
        },
        { gallery: false, prepare },
      ),
  };
}

/** @param harm leaves the tab, or ends it; work resumes in another */
function takenUp(
  name: string,
  url: string,
  harm: (person: Person, editor: EditorPage) => Promise<void>,
): Kind {
  return {
    name,
    run: () =>
      faulty(url, async (person, editor) => {
        await harm(person, editor);
        const since = performance.now();
        const another = await person.open();
        return { told: await restore(another), since, editor: another };
      }),
  };
}

function kinds(url: string, addresses: Addresses): Kind[] {
  const ofAddress = (how: Misbehaviour): Kind => ({
    name: `Page: the address of a picture is ${how}`,
    run: () =>
      faulty(url, async (_person, editor) => {
        const { page } = editor;
        await page.getByRole('button', { name: 'Other ways to open' }).click();
        const field = page.getByLabel('Image URL');
        await field.fill(addresses.of(how, 'picture.png'));
        await page.keyboard.press('Enter');
        await until(() => addresses.open > 0, 'the question');
        const since = performance.now();
        let told = 'nothing: it drips on until the person leaves the field';
        if (how === 'dripping') await pause(3000);
        else told = await alertOf(editor, /127\.0\.0\.1/);
        await page.keyboard.press('Escape');
        return { told, since };
      }),
  });
  return [
    takenUp('Page: the tab is killed in the middle of a stroke', url, async (person, editor) => {
      const box = await editor.canvas.boundingBox();
      if (!box) throw new Error('the canvas is not shown');
      await editor.page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.3);
      await editor.page.mouse.down();
      await editor.page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.3);
      await person.crash(editor);
    }),
    takenUp('Page: the tab is killed in the middle of a run', url, async (person, editor) => {
      await runHeld(editor);
      await person.crash(editor);
    }),
    takenUp('Page: the whole browser is killed in the middle of a run', url, async (person, editor) => {
      await runHeld(editor);
      await person.killBrowser();
    }),
    takenUp('Page: the tab is closed', url, (_person, { page }) => page.close()),
    {
      name: 'Page: left by mistake for another address in the middle of a run, and back',
      run: () =>
        faulty(url, async (_person, editor) => {
          await runHeld(editor);
          await editor.page.goto('about:blank');
          const since = performance.now();
          await editor.page.goBack();
          return { told: await restore(editor), since };
        }),
    },
    {
      name: 'Page: the share of the disk is full while a result goes into the gallery',
      run: () =>
        faulty(url, async (_person, editor) => {
          const { page } = editor;
          const client = await page.context().newCDPSession(page);
          const { origin } = new URL(page.url());
          const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
          const had = await galleryOf(page);
          await client.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: Math.floor(usage / 2) });
          // The browser relies on its earlier measurement for this long.
          await pause(31_000);
          await editor.seed.fill('6');
          const since = performance.now();
          const result = digestOf(await editor.run());
          const told = await alertOf(editor, /saved in the gallery/);
          check((await galleryOf(page)).length === had.length, 'the full disk took it');
          await client.send('Storage.overrideQuotaForOrigin', { origin });
          await page.getByRole('button', { name: 'Gallery', exact: true }).click();
          const gallery = page.getByRole('dialog', { name: 'Gallery' });
          await gallery.getByRole('button', { name: 'Try saving again' }).click();
          await until(async () => (await galleryOf(page)).includes(result), 'the result in the gallery');
          await page.keyboard.press('Escape');
          return { told: `${told}; “Try saving again” keeps ${result} once there is room`, since };
        }),
    },
    keepsNothing('Page: IndexedDB is refused', url, (page) => page.addInitScript(openRefused)),
    keepsNothing('Page: IndexedDB never answers', url, (page) => databasesThatWait(page, url)),
    keepsNothing('Page: the databases are of a newer version of the page', url, (page) =>
      newerDatabases(page, url),
    ),
    {
      name: 'Page: localStorage is refused',
      run: () =>
        faulty(url, async () => ({ told: 'nothing: choices are not remembered', since: performance.now() }), {
          prepare: (page) => page.addInitScript(nothingRemembered),
        }),
    },
    {
      name: 'Page: the browser throws all of the page’s storage away while it is open',
      run: async () => {
        const outcome = await faulty(
          url,
          async (_person, editor) => {
            const client = await editor.page.context().newCDPSession(editor.page);
            const { origin } = new URL(editor.page.url());
            await client.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
            const since = performance.now();
            await editor.seed.fill('7');
            await editor.steps.fill('1');
            const result = digestOf(await editor.run());
            await until(
              async () => (await galleryOf(editor.page)).includes(result),
              'the next result in the gallery',
            );
            return { told: 'nothing: the open work stays, and later work is stored again', since };
          },
          // The page cannot keep what the browser deleted.
          { gallery: false },
        );
        return outcome;
      },
    },
    {
      name: 'Page: two tabs paint and run at once',
      run: () =>
        faulty(url, async (person, editor) => {
          const other = await person.open();
          await person.work(other);
          await other.drag([0.3, 0.3], [0.35, 0.35]);
          const others = await stateOf(other);
          await editor.page.bringToFront();
          await runHeld(editor);
          await other.page.bringToFront();
          await runHeld(other);
          const since = performance.now();
          await Promise.all([goOn(editor), goOn(other)]);
          // A tab draws only while it is visible.
          for (const tab of [editor, other]) {
            await tab.page.bringToFront();
            await hasNewResult(tab);
          }
          await until(async () => (await galleryOf(editor.page)).length === 4, 'four results in the gallery');
          const lost = lostOf(others, await stateOf(other));
          check(lost.length === 0, `of the other tab's: ${lost}`);
          await other.page.close();
          await editor.page.bringToFront();
          return {
            told: `nothing; the other tab keeps its mask ${others.mask}; the gallery has all four`,
            since,
          };
        }),
    },
    {
      name: 'Page: the process that draws (GPU) is killed',
      run: () =>
        faulty(url, async (person, editor) => {
          process.kill(person.processOf('gpu-process'), 'SIGKILL');
          const since = performance.now();
          await editor.drag([0.3, 0.3], [0.35, 0.35]);
          await editor.undo.click();
          return { told: 'nothing: a stroke and its undo still work', since };
        }),
    },
    {
      name: 'Page: the workers for masks and pictures end without a word',
      run: () =>
        faulty(url, async (_person, editor) => {
          const workers = editor.page.workers();
          check(workers.length > 0, 'there is no worker');
          for (const worker of workers) void worker.evaluate(() => self.close()).catch(() => {});
          await pause(500);
          const since = performance.now();
          await Promise.race([
            maskOf(editor),
            pause(30_000).then(() => Promise.reject(new Error('the mask is not saved within 30 s'))),
          ]);
          return { told: `nothing: ${workers.length} workers, others take their places`, since };
        }),
    },
    {
      name: 'Page: the workers for masks and pictures are ended in the middle of a task',
      run: () =>
        faulty(url, async (_person, editor) => {
          const workers = editor.page.workers();
          check(workers.length > 0, 'there is no worker');
          // Later messages queue behind this one.
          for (const worker of workers) {
            void worker
              .evaluate(() => {
                const until = Date.now() + 2000;
                while (Date.now() < until);
                self.close();
              })
              .catch(() => {});
          }
          await pause(200);
          const since = performance.now();
          await editor.canvas.focus();
          await editor.page.keyboard.press('Control+Shift+S');
          const told = await alertOf(editor, /stopped|ended|again/i);
          return { told, since };
        }),
    },
    {
      name: 'Page: the network goes in the middle of a run',
      run: () =>
        faulty(url, async (person, editor) => {
          await runHeld(editor);
          const context = await person.context();
          await context.setOffline(true);
          const since = performance.now();
          await goOn(editor);
          await hasNewResult(editor);
          const { data } = await decode(await editor.saved());
          await context.setOffline(false);
          return { told: `nothing: the run ends with ${digestOf(data)}`, since };
        }),
    },
    {
      name: 'Page: the browser freezes the tab in the middle of a run, and wakes it',
      run: () =>
        faulty(url, async (_person, editor) => {
          await runHeld(editor);
          const client = await editor.page.context().newCDPSession(editor.page);
          await client.send('Page.setWebLifecycleState', { state: 'frozen' });
          await pause(2000);
          const since = performance.now();
          await client.send('Page.setWebLifecycleState', { state: 'active' });
          await goOn(editor);
          await hasNewResult(editor);
          return { told: 'nothing: the run continues', since };
        }),
    },
    {
      name: 'Page: a damaged picture is opened over the work',
      run: () =>
        faulty(url, async (person, editor) => {
          const since = performance.now();
          await editor.openFile(person.damagedPicture());
          return { told: await alertOf(editor, /damaged\.png/), since };
        }),
    },
    ...(['silent', 'dripping', 'endless'] as const).map(ofAddress),
  ];
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const taken = createServer().listen(0, 'localhost', () => {
      const address = taken.address();
      taken.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

export const editorPage: Group = {
  name: 'page',
  async begin() {
    const port = await freePort();
    const harness: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'e2e/harnessServer.ts'], {
      env: { ...process.env, INLAY_HARNESS_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const url = `http://localhost:${port}/e2e/harness/${QUERY}`;
    await until(
      () =>
        fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ),
      'the page',
      300_000,
    );
    const addresses = await startAddresses();
    return {
      kinds: kinds(url, addresses),
      async end() {
        harness.kill();
        await addresses.close();
      },
    };
  },
};

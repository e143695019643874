/** A simulated user with a separate browser and work that can be lost, and checks of what is still there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import sharp from 'sharp';
import { findBrowser } from '../../test/support/pages/browser';
import { EditorPage, withSample } from '../../test/support/pages/editorPage';
import { decode, photograph } from '../../test/support/pictures';
import { check, digestOf, type Outcome, pause, type State, until } from './report';

export class Person {
  #context: BrowserContext | null = null;
  readonly folder = mkdtempSync(join(tmpdir(), 'inlay-faults-browser-'));
  readonly #profile = join(this.folder, 'profile');

  /** @param url of the page */
  constructor(readonly url: string) {}

  async context(): Promise<BrowserContext> {
    this.#context ??= await this.#start();
    return this.#context;
  }

  async #start(): Promise<BrowserContext> {
    // Not a private window, as tests usually use: storage and quota work differently there.
    const context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: findBrowser(),
      args: ['--no-sandbox'],
      viewport: { width: 1440, height: 900 },
    });
    // tsx names functions with a helper, which functions sent to the page would not find there.
    await context.addInitScript('globalThis.__name = (named) => named');
    return context;
  }

  /** @param prepare runs on a tab before the page is loaded */
  async open(prepare: (page: Page) => Promise<unknown> = async () => {}): Promise<EditorPage> {
    const page = await (await this.context()).newPage();
    page.setDefaultTimeout(60_000);
    await prepare(page);
    const editor = new EditorPage(page);
    await page.goto(withSample(this.url));
    // The sample with its mask, or the offer to restore the last session.
    const label = page.getByText('The model sees');
    await label
      .or(page.getByRole('button', { name: 'Restore session' }))
      .first()
      .waitFor({ state: 'attached' });
    return editor;
  }

  /** Ends the tab's process like a crash. */
  async crash({ page }: EditorPage): Promise<void> {
    const crashed = page.waitForEvent('crash');
    void page.goto('chrome://crash').catch(() => {});
    await crashed;
    void page.close().catch(() => {});
  }

  /** A process of this browser (Linux). @param type as the browser calls it; absent: the browser itself */
  processOf(type?: string): number {
    const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    const commandOf = (entry: string) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    };
    const own = all.filter((entry) => commandOf(entry).includes(this.#profile));
    const found = own.find((entry) =>
      type === undefined
        ? !commandOf(entry).includes('--type=')
        : commandOf(entry).includes(`--type=${type}`),
    );
    if (found === undefined) throw new Error(`the browser has no process ${type ?? ''}`);
    return Number(found);
  }

  /** Ends the whole browser like a power cut; the next tab starts another with the same profile. */
  async killBrowser(): Promise<void> {
    process.kill(this.processOf(), 'SIGKILL');
    await this.#context?.close().catch(() => {});
    this.#context = null;
    for (const name of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) {
      rmSync(join(this.#profile, name), { force: true });
    }
  }

  async leave(): Promise<void> {
    await this.#context?.close().catch(() => {});
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The work at risk: a photograph, a stroke, a prompt, a finished result, and another stroke after it. */
  async work(editor: EditorPage, model?: string): Promise<void> {
    const path = join(this.folder, 'mine.png');
    await photograph(path);
    await editor.openFile(path);
    await editor.page.getByText('The model sees').waitFor({ state: 'detached' });
    await editor.drag([0.4, 0.4], [0.6, 0.5]);
    await editor.prompt.fill('a red fox');
    if (model !== undefined) await editor.model.fill(model);
    await editor.steps.fill('1');
    await editor.seed.fill('5');
    await editor.run(60_000);
    await closeResult(editor);
    await editor.drag([0.4, 0.6], [0.6, 0.65]);
  }

  /** Screenshots of every tab, for debugging: .cache/bench/fault-….png */
  async photograph(): Promise<void> {
    for (const [i, page] of (await this.context()).pages().entries()) {
      const path = join('.cache', 'bench', `fault-${i}.png`);
      await page.screenshot({ path, timeout: 5_000 }).catch(() => {});
    }
  }

  /** A file that begins like a PNG but isn't one. */
  damagedPicture(): string {
    const path = join(this.folder, 'damaged.png');
    writeFileSync(path, readFileSync('goldens/pictures/input-64x64.png').subarray(0, 60));
    return path;
  }
}

async function closeResult({ page, result }: EditorPage): Promise<void> {
  const close = page.getByRole('button', { name: 'Close', exact: true });
  if (await close.isVisible()) await close.click();
  await result.waitFor({ state: 'detached' });
}

/** The mask as "Save mask" writes it: one grey value per pixel. */
export async function maskOf({ canvas, page }: EditorPage): Promise<Buffer> {
  await page.locator('[role=application][aria-busy=false]').waitFor();
  const download = page.waitForEvent('download');
  await canvas.focus();
  await page.keyboard.press('Control+Shift+S');
  return sharp(readFileSync(await (await download).path()))
    .extractChannel(0)
    .raw()
    .toBuffer();
}

/** Digests of the gallery's images as the browser stores them. */
export function galleryOf(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // Opening a missing database would create it.
    if (!(await indexedDB.databases()).some(({ name }) => name === 'inlay-gallery')) return [];
    const files = await new Promise<Blob[]>((resolve, reject) => {
      const opening = indexedDB.open('inlay-gallery');
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const all = opening.result.transaction('pictures').objectStore('pictures').getAll();
        all.onsuccess = () => resolve(all.result);
        all.onerror = () => reject(all.error);
        opening.result.close();
      };
    });
    const digests = files.map(async (file) => {
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      return [...new Uint8Array(digest.slice(0, 4))]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('');
    });
    return Promise.all(digests);
  });
}

/** @param gallery whether the browser stores a gallery for the page */
export async function stateOf(editor: EditorPage, gallery = true): Promise<State> {
  await closeResult(editor);
  const picture = digestOf((await decode(await editor.saved())).data);
  const mask = digestOf(await maskOf(editor));
  const versions = await editor.page.getByRole('list', { name: 'Versions' }).getByRole('button').count();
  return {
    picture,
    mask,
    prompt: `“${await editor.prompt.inputValue()}”`,
    versions,
    ...(gallery && { gallery: await galleryOf(editor.page) }),
  };
}

/** Restores the session if the page offers to. */
export async function restore({ page }: EditorPage): Promise<string> {
  const button = page.getByRole('button', { name: 'Restore session' });
  const back = page.getByText('Your last session was restored');
  await button.or(back).first().waitFor();
  const offered = await button.isVisible();
  const told = offered ? 'Restore session' : await back.first().innerText();
  if (offered) await button.click();
  await page.getByText('of 640 × 480').waitFor({ state: 'attached' });
  return told;
}

/** The page's message, wherever it shows it. */
export async function alertOf({ page }: EditorPage, about: RegExp): Promise<string> {
  const note = page.getByRole('alert').filter({ hasText: about }).or(page.getByText(about)).first();
  await note.waitFor();
  return (await note.innerText()).replace(/\s+/g, ' ');
}

export interface Harm {
  told: string;
  /** The time of the fault, or of its end. */
  since: number;
  /** Where the user continues, if not in the same tab. */
  editor?: EditorPage;
}

export interface Scene {
  /** Whether the browser stores a gallery for the page. */
  gallery?: boolean;
  /** Runs on the tab before the page is loaded. */
  prepare?: (page: Page) => Promise<unknown>;
  /** The model to use, if not the page's default. */
  model?: string;
}

/** A user with work at risk, the fault, and a run after it. */
export async function faulty(
  url: string,
  harm: (person: Person, editor: EditorPage) => Promise<Harm>,
  { gallery = true, prepare, model }: Scene = {},
): Promise<Outcome> {
  const person = new Person(url);
  try {
    const first = await person.open(prepare);
    await person.work(first, model);
    if (gallery) await until(async () => (await galleryOf(first.page)).length > 0, 'the gallery’s entry');
    const before = await stateOf(first, gallery);
    // The page saves the mask a moment after the last stroke.
    await pause(2000);
    const { told, since, editor = first } = await harm(person, first);
    await until(() => editor.generate.isEnabled(), 'a page that can be used');
    await editor.canvas.waitFor();
    const usableMs = performance.now() - since;
    const after = await stateOf(editor, gallery);
    const next = await nextRun(editor);
    return { before, after, told, usableMs, next };
  } catch (error) {
    await person.photograph();
    throw error;
  } finally {
    await person.leave();
  }
}

export async function nextRun(editor: EditorPage): Promise<string> {
  await editor.steps.fill('1');
  await editor.seed.fill('5');
  const started = performance.now();
  const result = await decode(await editor.run(60_000));
  check(result.width === 640, `the next result is ${result.width} pixels wide`);
  return `result ${digestOf(result.data)} in ${((performance.now() - started) / 1000).toFixed(1)} s`;
}

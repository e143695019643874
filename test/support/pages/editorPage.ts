/** The editor page as users operate it: by role and name. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';

/** The URL of a page that begins with the sample that has a prompt, unless the URL names another. */
export function withSample(url: string): string {
  if (/[?&]sample=/.test(url)) return url;
  return `${url}${url.includes('?') ? '&' : '?'}sample=prompt`;
}

export class EditorPage {
  readonly canvas: Locator;
  readonly result: Locator;
  readonly generate: Locator;
  readonly remove: Locator;
  readonly cancel: Locator;
  readonly download: Locator;
  readonly undo: Locator;
  readonly redo: Locator;
  readonly prompt: Locator;
  readonly negativePrompt: Locator;
  readonly model: Locator;
  readonly steps: Locator;
  readonly guidance: Locator;
  readonly seed: Locator;
  readonly progress: Locator;

  constructor(readonly page: Page) {
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    this.canvas = page.getByRole('application', { name: 'Canvas' });
    this.result = page.getByRole('img', { name: 'Result' });
    // Its key may follow its name.
    this.generate = page.getByRole('button', { name: 'Generate' });
    this.remove = button('Remove');
    this.cancel = button('Cancel');
    this.download = button('Download');
    this.undo = button('Undo');
    this.redo = button('Redo');
    this.prompt = page.getByRole('textbox', { name: 'Prompt', exact: true });
    this.negativePrompt = page.getByRole('textbox', { name: 'Negative prompt' });
    this.model = page.getByRole('combobox', { name: 'Model' });
    this.steps = page.getByRole('spinbutton', { name: 'Steps' });
    this.guidance = page.getByRole('spinbutton', { name: 'Guidance scale' });
    this.seed = page.getByRole('spinbutton', { name: 'Seed' });
    this.progress = page.getByRole('progressbar', { name: 'Progress' });
  }

  /** Opens the page with the sample that has a prompt, unless the URL names another, and waits for its mask. */
  async open(url: string): Promise<void> {
    await this.page.goto(withSample(url));
    await this.ready();
  }

  /** Waits for an image with a mask, by the label of the frame. A development server may have to compile first. */
  async ready(): Promise<void> {
    await this.page.getByText('The model sees').waitFor({ state: 'attached', timeout: 60_000 });
  }

  /** Opens the settings below the prompt on a phone; elsewhere they are open. */
  async unfold(): Promise<void> {
    if (!(await this.steps.isVisible())) await this.page.getByText('Model, steps').click();
  }

  tool(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Opens a file, and waits until the canvas takes strokes again: with its image, or with the one before if it fails. */
  async openFile(path: string): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Open image' }).click();
    await (await chooser).setFiles(path);
    await this.opened();
  }

  /** Waits until no image is being opened and nothing about the mask is being computed. */
  async opened(): Promise<void> {
    await this.page.locator('.canvas[aria-busy="true"]').waitFor({ state: 'detached' });
  }

  /** Drops files from disk onto the page, as a file manager does. */
  async drop(...paths: string[]): Promise<void> {
    const client = await this.page.context().newCDPSession(this.page);
    const files = paths.map((path) => resolve(path));
    const at = { x: 500, y: 400, data: { items: [], files, dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await client.send('Input.dispatchDragEvent', { type, ...at });
    }
  }

  /** Drags the mouse over the canvas; points as fractions of its width and height. */
  async drag(...points: [x: number, y: number][]): Promise<void> {
    const box = await this.canvas.boundingBox();
    if (!box) throw new Error('the canvas is not shown');
    const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
    const [first, ...others] = points;
    if (!first) return;
    await this.page.mouse.move(...at(first));
    await this.page.mouse.down();
    for (const point of others) await this.page.mouse.move(...at(point), { steps: 12 });
    await this.page.mouse.up();
  }

  /** Drags a handle of the frame or the canvas sideways. @param x in screen pixels, to the right */
  async dragHandle(handle: Locator, x: number): Promise<void> {
    const box = await handle.boundingBox();
    if (!box) throw new Error('the handle is not shown');
    const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await this.page.mouse.move(centre.x, centre.y);
    await this.page.mouse.down();
    await this.page.mouse.move(centre.x + x, centre.y, { steps: 4 });
    await this.page.mouse.up();
  }

  /** Resolves once the page has shown this text, however briefly. Call it before the action that shows it. */
  shown(text: RegExp): Promise<void> {
    return this.page.evaluate(
      ([source, flags]) =>
        new Promise<void>((resolve) => {
          const wanted = new RegExp(source, flags);
          const watcher = new MutationObserver(look);
          function look() {
            if (!wanted.test(document.body.innerText)) return;
            watcher.disconnect();
            resolve();
          }
          watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
          look();
        }),
      [text.source, text.flags] as const,
    );
  }

  /** Clicks "Generate" and waits for the run to end. @returns the bytes of the result */
  async run(timeout = 300_000): Promise<Buffer> {
    const before = await this.#shownResult();
    await this.generate.click();
    // Agrees to the download if the model is not stored.
    let isOver = false;
    const agree = this.page.getByRole('alertdialog').getByRole('button', { name: 'Download model' });
    agree
      .waitFor({ timeout })
      .then(() => (isOver ? undefined : agree.click()))
      .catch(() => {});
    await this.#otherResult(before, timeout);
    isOver = true;
    return this.saved();
  }

  /** Waits until what an extended canvas has more is filled, and lies beneath what is masked. */
  async filledBeneath(): Promise<void> {
    await this.page.getByRole('button', { name: /· removed, on the canvas$/ }).waitFor({ timeout: 120_000 });
  }

  /** Clicks "Remove", or another button that makes a result, and waits for it. @returns the bytes of the result */
  async takeAway(button = this.remove, timeout = 180_000): Promise<Buffer> {
    const before = await this.#shownResult();
    await button.click();
    await this.#otherResult(before, timeout);
    return this.saved();
  }

  /** The URL of the result that is shown. In one call: a result that is fading out may vanish between two. */
  #shownResult(): Promise<string | undefined> {
    return this.page.evaluate(() => document.querySelector<HTMLImageElement>('img[alt="Result"]')?.src);
  }

  /** Waits until another result is shown. */
  async #otherResult(before: string | undefined, timeout: number): Promise<void> {
    await this.page.waitForFunction(
      (old) => {
        const image = document.querySelector<HTMLImageElement>('img[alt="Result"]');
        return image !== null && image.src !== old && image.complete && image.naturalWidth > 0;
      },
      before,
      { timeout },
    );
  }

  /** The PNG that "Download" gives. */
  async saved(): Promise<Buffer> {
    const download = this.page.waitForEvent('download');
    await this.download.click();
    return readFileSync(await (await download).path());
  }
}

/** Someone at a browser: looks for controls by their names, presses them, and paints. */
import { decode, type Picture } from '../support/pictures';
import type { Driver, Point } from './driver';
import {
  type Box,
  catchDownloads,
  dropFile,
  lastDownload,
  locate,
  resultTime,
  type Wanted,
  watchResult,
} from './inPage';

/** For what takes no work: machines are busy. */
const PATIENCE_MS = 30_000;
/** For a picture: on a busy machine the first one takes minutes. */
const PICTURE_MS = 360_000;

export class Person {
  constructor(readonly driver: Driver) {}

  /** Waits for something. @throws Error that names it */
  async until<Result>(
    what: string,
    look: () => Promise<Result | null | false | undefined>,
    patienceMs = PATIENCE_MS,
  ): Promise<Result> {
    const end = Date.now() + patienceMs;
    while (true) {
      const found = await look();
      if (found) return found;
      if (Date.now() > end) throw new Error(`${what}: not within ${patienceMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Waits for a control that can be used. */
  find(role: Wanted['role'], name: string): Promise<Box> {
    return this.until(`${role} "${name}"`, async () => {
      const box = await this.driver.evaluate(locate, { role, name });
      return box?.onTop && !box.disabled && box;
    });
  }

  async isShown(role: Wanted['role'], name: string): Promise<boolean> {
    return (await this.driver.evaluate(locate, { role, name })) !== null;
  }

  async click(role: Wanted['role'], name: string): Promise<void> {
    const { x, y, width, height } = await this.find(role, name);
    await this.driver.move({ x: x + width / 2, y: y + height / 2 });
    await this.driver.press();
    await this.driver.release();
  }

  /** Writes into a field, in place of what it held. */
  async write(role: 'textbox' | 'spinbutton', name: string, text: string): Promise<void> {
    await this.click(role, name);
    await this.driver.evaluate(() => (document.activeElement as HTMLInputElement).select());
    await this.driver.type(text);
  }

  /** Opens the page and waits for an image with a mask; without headers of the host it reloads once by itself. */
  async arrive(url: string): Promise<void> {
    await this.driver.open(url);
    await this.ready();
  }

  async reload(): Promise<void> {
    await this.driver.reload();
    await this.ready();
  }

  /** Waits until the page is isolated, stored and shows what the model sees. */
  async ready(): Promise<void> {
    await this.until(
      'an isolated page with an image',
      () =>
        this.driver
          .evaluate(
            () =>
              crossOriginIsolated &&
              navigator.serviceWorker.controller !== null &&
              document.body.textContent?.includes('The model sees') === true,
          )
          // It may reload itself at this moment.
          .catch(() => false),
      120_000,
    );
    await this.driver.evaluate(catchDownloads);
  }

  /** Drops a file onto the page. */
  async drop(name: string, type: string, bytes: Buffer): Promise<void> {
    await this.driver.evaluate(dropFile, name, type, bytes.toString('base64'));
  }

  /** Drags the mouse along these points. */
  async drag(...[first, ...others]: Point[]): Promise<void> {
    if (first === undefined) return;
    await this.driver.move(first);
    await this.driver.press();
    for (const point of others) await this.driver.move(point);
    await this.driver.release();
  }

  /** Presses a button that makes a picture. @returns its bytes, and how long it took from the press */
  async makePicture(button: string): Promise<{ png: Buffer; ms: number }> {
    await this.driver.evaluate(watchResult, button);
    await this.click('button', button);
    const ms = await within(PICTURE_MS, `a picture by "${button}"`, this.driver.evaluate(resultTime));
    return { png: await this.download(), ms };
  }

  /** What the button "Download" gives: the image that is shown, as a file. */
  async download(): Promise<Buffer> {
    await this.click('button', 'Download');
    return this.given();
  }

  /** The mask as a file: the brightness of each pixel. */
  async mask(): Promise<Picture> {
    await this.click('button', 'Mask menu');
    await this.click('button', 'Save mask');
    const mask = await decode(await this.given());
    // The menu stays open.
    await this.driver.escape();
    return mask;
  }

  private async given(): Promise<Buffer> {
    const { bytes } = await this.until('a file', () => this.driver.evaluate(lastDownload));
    return Buffer.from(bytes, 'base64');
  }
}

function within<Value>(ms: number, what: string, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

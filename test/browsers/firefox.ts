/** Firefox, by WebDriver BiDi. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { type Driver, sourceFor, VIEWPORT } from './driver';

/** @param program its executable */
export async function startFirefox(program: string): Promise<Driver> {
  // A profile of its own: nothing that another run stored.
  const profile = await mkdtemp(join(tmpdir(), 'inlay-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: program,
    userDataDir: profile,
    headless: true,
    protocolTimeout: 400_000,
  });
  const page = await browser.newPage();
  await page.setViewport(VIEWPORT);
  const { mouse, keyboard } = page;
  const version = /[\d.]+/.exec(await browser.version())?.[0] ?? '';
  return {
    title: `Firefox ${version}`,
    open: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    async evaluate(work, ...parameters) {
      return page.evaluate(`${sourceFor(work)}(...${JSON.stringify(parameters)})`) as never;
    },
    move: ({ x, y }) => mouse.move(x, y),
    press: () => mouse.down(),
    release: () => mouse.up(),
    type: (text) => keyboard.type(text),
    escape: () => keyboard.press('Escape'),
    screenshot: async () => Buffer.from(await page.screenshot()),
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

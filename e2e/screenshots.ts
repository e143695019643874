/**
 * `npx tsx e2e/screenshots.ts [name …]`: the page in its states into screenshots/, to be looked at. The
 * engine is the harness's; the page is the shipped one.
 */
import { mkdirSync } from 'node:fs';
import { type BrowserContextOptions, chromium, devices } from '@playwright/test';
import { findBrowser } from './browser';
import { startDevServer } from './pages/devServer';
import { EditorPage } from './pages/editorPage';

const folder = 'screenshots';
mkdirSync(folder, { recursive: true });
const only = process.argv.slice(2);

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const layouts: Record<string, BrowserContextOptions> = {
  'desktop-dark': { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  'desktop-light': { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  'small-dark': { viewport: { width: 1100, height: 700 }, colorScheme: 'dark' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
  'phone-light': { ...phone, colorScheme: 'light' },
};

type Shot = (page: EditorPage) => Promise<void>;
const states: Record<string, { query?: string; shoot: Shot }> = {
  opening: { shoot: async () => {} },
  painting: {
    shoot: async (page) => {
      await page.drag([0.6, 0.4], [0.66, 0.5], [0.62, 0.58]);
    },
  },
  tools: {
    shoot: async (page) => {
      await page.drag([0.3, 0.6], [0.4, 0.7], [0.35, 0.75]);
      await page.tool('Polygon').click();
      for (const [x, y] of [
        [0.2, 0.3],
        [0.35, 0.25],
        [0.3, 0.45],
      ] as const) {
        await page.drag([x, y]);
      }
      await page.page.getByRole('button', { name: 'Mask menu' }).click();
    },
  },
  alone: {
    shoot: async (page) => {
      await page.canvas.focus();
      await page.page.keyboard.press('f');
      await page.page.keyboard.press('m');
      await page.tool('Magic wand').click();
    },
  },
  help: {
    shoot: async (page) => {
      await page.page.keyboard.press('?');
    },
  },
  running: {
    query: 'ms=120&hold=11',
    shoot: async (page) => {
      await page.generate.click();
      await page.page.getByText('step 11 of').first().waitFor();
    },
  },
  loading: {
    query: 'ms=20000',
    shoot: async (page) => {
      await page.generate.click();
      await page.progress.waitFor();
    },
  },
  result: {
    query: 'ms=5&provider=wasm',
    shoot: async (page) => {
      if (await page.seed.isVisible()) await page.seed.fill('3');
      await page.run();
      await page.run();
      await page.page.mouse.move(5, 5);
    },
  },
  models: {
    query: 'models=kept',
    shoot: async (page) => {
      if (!(await page.steps.isVisible())) await page.page.getByText('Model, steps').click();
      await page.page.getByRole('button', { name: 'Manage models' }).click();
      await page.page.getByRole('dialog').getByText('SDXL inpainting 0.1').first().waitFor();
    },
  },
  downloading: {
    query: 'models=kept',
    shoot: async (page) => {
      if (!(await page.steps.isVisible())) await page.page.getByText('Model, steps').click();
      await page.model.fill('diffusers/stable-diffusion-xl-1.0-inpainting-0.1');
      await page.page.getByRole('button', { name: 'Resume download' }).click();
      await page.page.getByText(/left$/).waitFor();
    },
  },
  gated: {
    shoot: async (page) => {
      if (!(await page.steps.isVisible())) await page.page.getByText('Model, steps').click();
      await page.model.fill('owner/gated-model');
      await page.page.getByText('is gated').waitFor();
    },
  },
  choosing: {
    query: 'models=kept',
    shoot: async (page) => {
      if (!(await page.steps.isVisible())) await page.page.getByText('Model, steps').click();
      await page.page.getByRole('button', { name: 'Show models' }).click();
    },
  },
  error: {
    query:
      'ms=5&fail=DeviceError&message=The graphics memory is full; close other tabs or pick a smaller model.',
    shoot: async (page) => {
      if (!(await page.steps.isVisible())) await page.page.getByText('Model, steps').click();
      await page.steps.fill('400');
      await page.generate.click();
      await page.page.waitForTimeout(200);
    },
  },
  failure: {
    query:
      'ms=5&fail=DeviceError&message=The graphics memory is full; close other tabs or pick a smaller model.',
    shoot: async (page) => {
      await page.generate.click();
      await page.page.getByText('memory is full').waitFor();
      await page.page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File(['hello'], 'notes.txt', { type: 'text/plain' }));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: data }));
      });
      await page.page.getByText('notes.txt').waitFor();
    },
  },
};

const server = await startDevServer();
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
try {
  for (const [layout, options] of Object.entries(layouts)) {
    for (const [state, { query = '', shoot }] of Object.entries(states)) {
      const name = `${layout}-${state}`;
      if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && console.log(name, message.text()));
      page.on('pageerror', (error) => console.log(name, error.message));
      const editor = new EditorPage(page);
      try {
        await editor.open(`${server.origin}e2e/harness/index.html?${query}`);
        await shoot(editor);
        await page.waitForTimeout(250);
      } catch (error) {
        console.log(name, error instanceof Error ? error.message : error);
      }
      await page.screenshot({ path: `${folder}/${name}.png` });
      await context.close();
      console.log(name);
    }
  }
} finally {
  await browser.close();
  await server.close();
}

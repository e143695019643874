/**
 * `npx tsx e2e/readmeScreenshot.ts URL`: makes README's screenshot, docs/screenshot.png, of the page that `npm start`
 * serves at the URL, with results of the starter model.
 */
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { findBrowser } from '../test/support/pages/browser';
import { EditorPage } from '../test/support/pages/editorPage';

const [address] = process.argv.slice(2);
if (address === undefined) throw new Error('name the address that `npm start` prints');
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
try {
  const viewport = { width: 1280, height: 800 };
  const page = await browser.newPage({ viewport, colorScheme: 'dark', reducedMotion: 'reduce' });
  const editor = new EditorPage(page);
  await editor.open(address);
  for (const [prompt, seed] of [
    ['a mushroom', 26],
    ['a red apple', 4],
    ['a sunflower', 7],
  ] as const) {
    await editor.prompt.fill(prompt);
    await editor.seed.fill(String(seed));
    await editor.run();
  }
  await editor.prompt.fill('a mushroom');
  await page.getByRole('button', { name: /^Version 1 / }).click();
  const grip = await page.locator('.compare-grip').boundingBox();
  if (!grip) throw new Error('the line to compare by can be taken hold of');
  const [x, y] = [grip.x + grip.width / 2, grip.y + grip.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 250, y, { steps: 8 });
  await page.mouse.up();
  await page.mouse.move(viewport.width / 2, viewport.height - 4);
  await sharp(await page.screenshot())
    .png({ palette: true, quality: 90, effort: 10 })
    .toFile('docs/screenshot.png');
} finally {
  await browser.close();
}

/**
 * `npx tsx e2e/readmeScreenshot.ts URL`: makes README's screenshot, docs/screenshot.png, of the page that `npm start`
 * serves at the URL: the first screen after a press of Remove.
 */
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { findBrowser } from '../test/support/pages/browser';
import { EditorPage } from '../test/support/pages/editorPage';

const [address] = process.argv.slice(2);
if (address === undefined) throw new Error('name the address that `npm start` prints');
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
try {
  // Small, so that its words can be read in README's column, and sharp on screens of twice the pixels.
  const viewport = { width: 1180, height: 690 };
  const page = await browser.newPage({
    viewport,
    deviceScaleFactor: 1.5,
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  const editor = new EditorPage(page);
  await page.goto(address);
  await editor.ready();
  await editor.seed.fill('1');
  await editor.remove.click();
  await editor.result.waitFor();
  await page.getByRole('button', { name: 'Accept', exact: true }).waitFor();
  await page.mouse.move(viewport.width / 2, viewport.height - 4);
  await page.locator('.side-fields').evaluate((fields) => fields.scrollTo({ top: 0 }));
  await sharp(await page.screenshot())
    .png({ palette: true, quality: 90, effort: 10 })
    .toFile('docs/screenshot.png');
} finally {
  await browser.close();
}

/**
 * A first visit by somebody who has README.md alone: its section "Start", sentence by sentence, in the page as `npm start`
 * serves it, and the commands as they stand there.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { folderFiles } from '../test/support/hub/files';
import { type Hub, startHub } from '../test/support/hub/hub';
import { button, keptLine } from '../test/support/pages/modelPanel';
import { hubPort } from '../test/support/pages/ports';
import { checkoutOfLinks, commandsOf, runCommand, sentencesOf } from '../test/support/pages/readme';
import { expect, test } from '../test/support/pages/test';
import {
  brightness,
  brightnessIn,
  expectPainted,
  expectSentences,
  follow,
  MODEL,
  maskOf,
  newVisit,
  roughness,
  SAMPLE,
  SAMPLE_MASK,
  type Steps,
} from '../test/support/pages/visit';
import { decode } from '../test/support/pictures';

const GATED = 'golden/gated';
const TOKEN = 'hf_of_this_visit';
let hub: Hub;
let mirror: Hub;

test.beforeAll(async () => {
  const files = await folderFiles('goldens/models/sd15-inpaint');
  const repos = [{ id: MODEL, files, card: { license: 'creativeml-openrail-m' } }];
  hub = await startHub({ repos, port: hubPort() });
  mirror = await startHub({ repos: [{ id: GATED, files, gatedBy: TOKEN }] });
});
test.afterAll(async () => {
  await Promise.all([hub.close(), mirror.close()]);
});

const start: Steps = {
  'You need Node 20.19 or later, and Chrome': async ({ page }) => {
    expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toBe('>=20.19');
    expect(await page.evaluate(() => navigator.userAgent)).toContain('Chrome/');
  },
  // Playwright's server of pages is this command, at a PORT of its own.
  'This builds the page and serves it': async ({ page }) => {
    expect(commandsOf('Start')[0]).toContain('npm start');
    expect((await page.goto('/'))?.status()).toBe(200);
  },
  'The page opens with a photograph in which a cow is masked': async (visit) => {
    const { page, editor } = visit;
    await editor.ready();
    await expect(page.getByText('The cow at the fence is masked.')).toBeVisible();
    const before = await decode(await editor.saved());
    const after = await decode(await editor.takeAway());
    const mask = await brightness('public/samples/cows-mask.png');
    expectPainted(before, after, mask);
    // What was a black cow is a pasture, and as rough as one.
    expect(brightnessIn(before, mask)).toBeLessThan(80);
    expect(brightnessIn(after, mask)).toBeGreaterThan(100);
    expect(roughness(after, mask)).toBeGreaterThan(4);
  },
  'The second sample, in the menu beside': async (visit) => {
    const { page, editor } = visit;
    await button(page, 'Other ways to open').click();
    await page.getByRole('button', { name: 'Sample: add something' }).click();
    await expect(page.getByText('The model sees only the prompt')).toContainText('of 1200 × 799');
    await expect(editor.prompt).toHaveValue('a mushroom');
    visit.original = await decode(await editor.saved());
    const mask = await brightness(SAMPLE_MASK);
    expect((await maskOf(visit)).equals(mask)).toBe(true);
    expectPainted(visit.original, await decode(await editor.run()), mask);
  },
  'The included starter model needs no download': async ({ page, editor, requests }) => {
    const origin = new URL(page.url()).origin;
    const elsewhere = requests.map((request) => request.url()).filter((url) => !url.startsWith('blob:'));
    expect(elsewhere.filter((url) => !url.startsWith(origin))).toEqual([]);
    // Its runtime is kept beside the page's other files a moment after the first run.
    const kept = () =>
      page.evaluate(async () => {
        const found = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
        return (await Promise.all(found.map((cache) => cache.keys()))).flat().map(({ url }) => url);
      });
    await expect.poll(kept).toContainEqual(expect.stringMatching(/ort-wasm.*\.wasm\?/));
    await page.context().setOffline(true);
    await page.reload();
    await editor.ready();
  },
  'It is for trying out the editor: it draws 208': async (visit) => {
    const { page, editor, original } = visit;
    const mask = await brightness(SAMPLE_MASK);
    const things: unknown = JSON.parse(readFileSync('public/models/starter/concepts.json', 'utf8'));
    expect(things).toHaveLength(208);
    const mushroom = await decode(await editor.run());
    await page.context().setOffline(false);
    expectPainted(original, mushroom, mask);
  },
  'For realistic images you need a full Stable Diffusion checkpoint': async ({ page }) => {
    await expect(button(page, 'Get a photo-real model')).toBeVisible();
  },
  '**Get a photo-real model** shows some as cards': async ({ page }) => {
    await button(page, 'Get a photo-real model').click();
    const cards = page.getByRole('region', { name: 'Recommended' }).getByRole('listitem');
    const card = cards.filter({ hasText: 'Stable Diffusion 1.5 inpainting' });
    await expect(card).toContainText(/ GB · licence .*this device, about \d+ (s|minutes|hours) per image/, {
      timeout: 60_000,
    });
    await expect(button(page, 'Download and use Stable Diffusion 1.5 inpainting')).toBeVisible();
    await button(page, 'Close models').click();
  },
  'Or type a Hugging Face id': async ({ page, editor }) => {
    expect(sentencesOf('Start').join('\n')).toContain(`\`${MODEL}\``);
    await editor.model.fill(MODEL);
    await expect(page.getByText('Stable Diffusion 1 for inpainting')).toBeVisible();
  },
  'The page shows what the name leads to, its size': async ({ page }) => {
    await expect(page.getByText(/MB to download · licence creativeml-openrail-m/)).toBeVisible();
    await expect(page.getByText(/^(Fits|Slow on) this device/)).toBeVisible();
    expect(hub.log.filter(({ url }) => url.includes('.safetensors'))).toEqual([]);
  },
  '**Download model** fetches it once': async ({ page }) => {
    // So slow that there is time to look at it; of the UNet the first two requests read its header.
    hub.faults.add({ kind: 'slow', bytesPerSecond: 40_000, path: 'unet/', origin: 'content', after: 2 });
    await button(page, 'Download model').click();
    await expect(page.getByRole('progressbar', { name: 'Model download' })).toBeVisible();
  },
  'Downloads can be paused, resume after a reload': async ({ page, editor }) => {
    await editor.model.fill('starter');
    await editor.prompt.fill('a red apple');
    await editor.run();
    await editor.model.fill(MODEL);
    await button(page, 'Pause download').click();
    await expect(page.getByText(/^Paused at /)).toBeVisible();
    await page.reload();
    await editor.ready();
    await editor.model.fill(MODEL);
    hub.faults.clear();
    hub.log.length = 0;
    await button(page, 'Resume download').click();
    await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
    const ranges = hub.log.filter(({ origin }) => origin === 'content').map(({ range }) => range);
    expect(ranges).toContainEqual(expect.stringMatching(/^bytes=[1-9]\d*-$/));
  },
  'Choosing a model sets the steps and the guidance': async ({ page, editor, original }) => {
    await editor.model.fill('starter');
    await expect(editor.steps).toHaveValue('6');
    await editor.guidance.fill('3');
    await editor.model.fill(MODEL);
    await expect(editor.steps).toHaveValue('30');
    await expect(page.getByText(/^Set for this model: 30 steps/)).toBeVisible();
    await expect(editor.guidance).toHaveValue('3');
    // It is here whole: what it paints asks the hub for nothing.
    await editor.steps.fill('2');
    hub.log.length = 0;
    expectPainted(original, await decode(await editor.run()), await brightness(SAMPLE_MASK));
    expect(hub.log.filter(({ url }) => url.includes('.safetensors'))).toEqual([]);
  },
  '**Manage models** lists recommended models': async ({ page }) => {
    await button(page, 'Manage models').click();
    const recommended = page.getByRole('region', { name: 'Recommended' }).getByRole('listitem');
    await expect(recommended.filter({ hasText: 'SDXL inpainting' })).toContainText(/ GB.*licence openrail/);
    const kept = page.getByRole('region', { name: 'On this device' });
    await kept.getByRole('button', { name: /^Delete / }).click();
    await kept.getByRole('button', { name: /^Delete [\d.]+ MB$/ }).click();
    await expect(kept.getByText('Models that you download appear here.')).toBeVisible();
  },
  'It opens your own files': async ({ page, editor }) => {
    const chooser = page.waitForEvent('filechooser');
    await button(page, 'Open model file').click();
    await (await chooser).setFiles('goldens/checkpoints/sdxl.safetensors');
    await expect(editor.model).toHaveValue('disk:sdxl.safetensors');
    await editor.drop('goldens/models/sd15-inpaint');
    await expect(editor.model).toHaveValue('disk:sd15-inpaint');
    await button(page, 'Manage models').click();
    await page.getByLabel('Hub URL').fill(mirror.url);
    await button(page, 'Save').click();
    await button(page, 'Close models').click();
  },
  'A gated model asks for a token': async ({ page, editor }) => {
    await editor.model.fill(GATED);
    await page.getByLabel('Access token').fill(TOKEN);
    await button(page, 'Use token').click();
    await button(page, 'Download model').click();
    await expect(keptLine(page)).toBeVisible({ timeout: 60_000 });
    expect(mirror.log.filter(({ origin, authorization }) => origin === 'hub' && authorization)).not.toEqual(
      [],
    );
    const elsewhere = [...hub.log, ...mirror.log.filter(({ origin }) => origin === 'content')];
    expect(elsewhere.filter(({ authorization }) => authorization)).toEqual([]);
    const [tab, browser] = await page.evaluate(() => [{ ...sessionStorage }, { ...localStorage }]);
    expect(JSON.stringify(tab)).toContain(TOKEN);
    expect(JSON.stringify(browser)).not.toContain(TOKEN);
  },
  'This repaints the second sample from the command line': async ({ info }) => {
    const folder = checkoutOfLinks(info.outputPath('demo'));
    await runCommand(commandsOf('Start')[1] ?? '', folder);
    const painted = await decode(join(folder, 'demo.png'));
    expectPainted(await decode(SAMPLE), painted, await brightness(SAMPLE_MASK));
  },
};

test('each sentence of README’s "Start" is followed here', () => expectSentences('Start', start));

test('"Start", from the first sentence to the last', async ({ page }, info) => {
  await follow(start, await newVisit(page, info));
});

test('the command line’s example', async ({ browserName: _ }, info) => {
  const folder = checkoutOfLinks(info.outputPath('mushroom'));
  const answer = JSON.parse(await runCommand(commandsOf('Command line')[0] ?? '', folder));
  expect(answer).toMatchObject({ image: { content_type: 'image/png', width: 1200, height: 799 } });
  const painted = await decode(join(folder, 'mushroom.png'));
  expectPainted(await decode(SAMPLE), painted, await brightness(SAMPLE_MASK));
});

test('the server at home and its example', async ({ browserName: _ }, info) => {
  test.skip(!process.env.INLAY_LONG, 'it paints for minutes: INLAY_LONG=1 asks for it');
  const [serve = '', example = ''] = commandsOf('The same API at home');
  const server = spawn(serve, { shell: true, detached: true, env: { ...process.env, PORT: '0' } });
  try {
    const address = await new Promise<string>((found, fail) => {
      server.on('exit', (code) => fail(new Error(`the server ended with ${code}`)));
      server.stdout.on('data', (text) => {
        const [url] = /http:\S+/.exec(String(text)) ?? [];
        if (url !== undefined) found(url.replace(/\/$/, ''));
      });
    });
    expect(example).toContain('http://127.0.0.1:8199/');
    const answer = JSON.parse(await runCommand(example.replace('http://127.0.0.1:8199', address), '.'));
    const file = Buffer.from(await (await fetch(answer.image.url)).arrayBuffer());
    // The server's answer is a picture of the model alone, as the hosted API's is.
    writeFileSync(info.outputPath('answer.png'), file);
    expect(answer.image).toMatchObject(await sizeOf(file));
  } finally {
    // With what `npm run` started.
    if (server.pid !== undefined) process.kill(-server.pid);
  }
});

async function sizeOf(file: Buffer): Promise<{ width: number; height: number }> {
  const { width, height } = await sharp(file).metadata();
  return { width, height };
}

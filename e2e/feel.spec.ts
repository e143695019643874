/** How the page feels: nothing moves during a run, keys reach everything in order, and it fits small and zoomed windows. */
import type { Locator, Page } from '@playwright/test';
import { EditorPage } from '../test/support/pages/editorPage';
import { HARNESS_ORIGIN, harnessPage, openHarness } from '../test/support/pages/harness';
import { enterState, layouts, pageAction, settled, states } from '../test/support/pages/states';
import { expect, test } from '../test/support/pages/test';

interface Shift {
  value: number;
  moved: string[];
}

/** Collects what moves from now on. @returns a function that tells it */
async function watchShifts(page: Page): Promise<() => Promise<Shift[]>> {
  await page.evaluate(() => {
    const shifts: Shift[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const sources: { node?: Node | null }[] = Reflect.get(entry, 'sources');
        const moved = sources.map(({ node }) =>
          node instanceof Element ? `${node.localName}.${node.className}` : (node?.textContent ?? ''),
        );
        // A phone makes room for the strip with the first press of "Generate": what answers a press is no surprise.
        if (!Reflect.get(entry, 'hadRecentInput')) shifts.push({ value: Reflect.get(entry, 'value'), moved });
      }
    }).observe({ type: 'layout-shift' });
    Reflect.set(window, 'shifts', shifts);
  });
  return async () => {
    await settled(page);
    return page.evaluate(() => Reflect.get(window, 'shifts'));
  };
}

test('nothing moves while the starter model paints', async ({ page }) => {
  const editor = new EditorPage(page);
  await editor.open('/');
  // The status of the machine belongs to the page's opening.
  await expect(page.getByText(/WASM|WebGPU/).first()).toBeVisible();
  await editor.steps.fill('3');
  const shifts = await watchShifts(page);
  const boxes = () =>
    Promise.all(
      [editor.generate, editor.prompt, editor.steps, editor.canvas, editor.undo].map((control) =>
        control.boundingBox(),
      ),
    );
  const before = await boxes();
  await editor.generate.click();
  await editor.progress.waitFor();
  expect(await boxes()).toEqual(before);
  await expect(editor.result).toBeVisible({ timeout: 120_000 });
  expect(await boxes()).toEqual(before);
  expect(await shifts()).toEqual([]);
});

for (const query of ['ms=60', 'ms=700&fail=DeviceError&message=no memory']) {
  test(`nothing moves on a phone, ${query}`, async ({ browser }) => {
    const context = await browser.newContext(layouts['phone-dark']);
    const page = await context.newPage();
    const editor = await openHarness(page, query);
    const shifts = await watchShifts(page);
    await editor.generate.click();
    await expect(editor.result.or(page.getByText('no memory'))).toBeVisible();
    await expect(editor.progress).toHaveCount(0);
    expect(await shifts()).toEqual([]);
    // The whole picture is the brush's, corners and edges too, but for the bar beside what changed.
    const box = await page.locator('.canvas-shadow').boundingBox();
    if (!box) throw new Error('the picture is shown');
    const { x, y, width, height } = box;
    // The line of the comparison stands in the middle of what changed.
    const points = [0.01, 0.2, 0.99].flatMap((across) =>
      [0.01, 0.5, 0.99].map((down) => [x + across * width, y + down * height] as const),
    );
    const covered = await page.evaluate(
      (all) => all.map(([left, top]) => !document.elementFromPoint(left, top)?.closest('.canvas, .spot-bar')),
      points,
    );
    expect(covered).toEqual(points.map(() => false));
    await context.close();
  });
}

/** What has the focus: its name, the part of the page that it is in, and whether a person sees that it has it. */
function focused(page: Page) {
  return page.evaluate(() => {
    const { activeElement: element } = document;
    if (!element || element === document.body) return null;
    const marked = [element, ...element.querySelectorAll('*')].some((part) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(part);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1.5;
    });
    const { x, y } = element.getBoundingClientRect();
    const part = element.closest('header, nav, main, footer, aside, [role=dialog]')?.localName ?? 'none';
    const name = element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
    return { name, part, marked, x: Math.round(x), y: Math.round(y) };
  });
}

test('the focus goes through the page in the order of its layout, and is seen at each place', async ({
  page,
}) => {
  await openHarness(page);
  const visited = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now === null) break;
    visited.push(now);
  }
  expect(visited.filter(({ marked }) => !marked)).toEqual([]);
  const parts = visited.map(({ part }) => part).filter((part, i, all) => part !== all[i - 1]);
  expect(parts).toEqual(['header', 'nav', 'main', 'footer', 'aside']);
  // Lines go to the right, columns down.
  for (const line of ['header', 'footer']) {
    const xs = visited.filter(({ part }) => part === line).map(({ x }) => x);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  }
  const rail = visited.filter(({ part }) => part === 'nav').map(({ y }) => y);
  expect(rail).toEqual(rail.toSorted((a, b) => a - b));
  expect(visited.length).toBeGreaterThan(30);
});

for (const [name, opener, close] of [
  ['Keys and help', 'Keys and help', 'Close help'],
  ['Gallery', 'Gallery', 'Close gallery'],
  ['Models', 'Manage models', 'Close models'],
  ['Request as code', 'Request as code', 'Close code'],
] as const) {
  test(`the sheet “${name}” keeps the focus inside and gives it back`, async ({ page }) => {
    await openHarness(page, 'models=kept');
    const button = page.getByRole('button', { name: opener, exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('button', { name: close })).toBeVisible();
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('Tab');
      expect(await dialog.evaluate((sheet) => sheet.contains(document.activeElement))).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(button).toBeFocused();
  });
}

/** How far a finger may miss the middle of a control, in pixels: across and down together. */
function reach(control: Locator) {
  return control.evaluate((element) => {
    // What is pressed for it: a slider's whole track, a label.
    const labels: Iterable<Element> = Reflect.get(element, 'labels') ?? [];
    const targets = [element.closest('.slider') ?? element, ...labels];
    const { x, y, width, height } = element.getBoundingClientRect();
    const [middleX, middleY] = [x + width / 2, y + height / 2];
    const steps = (dx: number, dy: number) => {
      let n = 0;
      const isHit = () => {
        const hit = document.elementFromPoint(middleX + dx * n, middleY + dy * n);
        return targets.some((target) => target.contains(hit));
      };
      while (n < 60 && isHit()) n++;
      return Math.max(0, n - 1);
    };
    return { across: steps(1, 0) + steps(-1, 0) + 1, down: steps(0, 1) + steps(0, -1) + 1 };
  });
}

/** Controls in sight that a finger may miss. @param under the part of the page that is looked at */
async function tooSmall(
  page: Page,
  under: Locator = page.locator('body'),
): Promise<[count: number, small: string[]]> {
  const controls = await under
    .locator('button, summary, select, input, textarea, [role=slider]')
    .filter({ visible: true })
    .all();
  const small: string[] = [];
  for (const control of controls) {
    // Links within a text are as high as its lines.
    if (await control.evaluate((element) => element.matches('.model-note *'))) continue;
    await control.scrollIntoViewIfNeeded();
    const { across, down } = await reach(control);
    if (Math.min(across, down) < 44) small.push(`${across} × ${down}: ${await control.ariaSnapshot()}`);
  }
  return [controls.length, small];
}

/** How large the picture is shown. */
const shownWidth = async (page: Page) => (await page.locator('.canvas-shadow').boundingBox())?.width ?? 0;

test('on a phone every control is as large as a finger, and the settings leave the picture its size', async ({
  browser,
}) => {
  const context = await browser.newContext(layouts['phone-light']);
  const page = await context.newPage();
  await enterState(new EditorPage(page), HARNESS_ORIGIN, states.compare ?? {});
  const [unfolded, smallUnfolded] = await tooSmall(page);
  const whileUnfolded = await shownWidth(page);
  await page.getByText('Model, steps').click();
  const [folded, smallFolded] = await tooSmall(page);
  expect([...smallUnfolded, ...smallFolded]).toEqual([]);
  expect(Math.min(unfolded, folded)).toBeGreaterThan(20);
  expect(whileUnfolded).toBeGreaterThan(340);
  expect(await shownWidth(page)).toBeGreaterThan(340);

  await page.setViewportSize({ width: 320, height: 640 });
  expect((await tooSmall(page, page.getByRole('banner')))[1]).toEqual([]);
  await pageAction(page, 'Gallery');
  const results = page.getByRole('list', { name: 'Results' });
  await results.getByRole('listitem').first().waitFor();
  expect((await tooSmall(page, results.getByRole('listitem').first()))[1]).toEqual([]);
  await context.close();
});

test('“More settings” is as it was left at the next visit', async ({ page }) => {
  const editor = new EditorPage(page);
  const url = harnessPage('index.html');
  await editor.open(url);
  const strength = page.getByRole('spinbutton', { name: 'Strength' });
  await expect(strength).toBeHidden();
  await page.getByText('More settings').click();
  await expect(strength).toBeVisible();
  // Stored by an event that comes after the fields are shown.
  await expect.poll(() => page.evaluate(() => localStorage.getItem('inlay.moreSettings'))).toBe('open');
  await editor.open(url);
  await expect(strength).toBeVisible();
});

test('by keys alone: a picture is opened, masked, repainted, compared and downloaded', async ({ page }) => {
  const editor = await openHarness(page, 'ms=20&hold=4');
  const { keyboard } = page;
  const tabTo = async (name: string) => {
    for (let presses = 0; presses < 80; presses++) {
      await keyboard.press('Tab');
      if ((await focused(page))?.name === name) return;
    }
    throw new Error(`the focus never came to “${name}”`);
  };
  const chooser = page.waitForEvent('filechooser');
  await keyboard.press('Control+o');
  await (await chooser).setFiles('public/samples/sample.jpg');
  const label = page.getByText('The model sees');
  await expect(label).toHaveCount(0);

  await tabTo('Canvas');
  // The cursor stands in the middle; a stroke of the brush to the right and down.
  await keyboard.press('ArrowRight');
  await keyboard.press('Enter');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown'])
    await keyboard.press(key);
  await keyboard.press('Enter');
  await expect(label).toHaveCount(1);

  const status = page.locator('.run').getByRole('status');
  await keyboard.press('Control+Enter');
  await page.getByText('step 4 of').first().waitFor();
  await expect(page).toHaveTitle(/^(…|\d+ %) · /);
  await expect(status).toHaveText(/^Painting, \d+ percent$/);
  await page.evaluate(() => dispatchEvent(new Event('go-on')));
  await expect(status).toHaveText(/^Done in (under )?\d+ s$/);
  await expect(page).toHaveTitle(/^Inlay/);
  await expect(editor.result).toBeVisible();

  await tabTo('Compare before and after');
  await keyboard.press('PageUp');
  await expect(page.getByRole('slider', { name: 'Compare before and after' })).not.toHaveAttribute(
    'aria-valuenow',
    '0',
  );
  await tabTo('Download');
  const download = page.waitForEvent('download');
  await keyboard.press('Enter');
  expect((await download).suggestedFilename()).toBe('sample-inlay-1.png');
});

for (const [name, viewport] of [
  ['a width of 320 pixels', { width: 320, height: 640 }],
  ['200 % zoom', { width: 720, height: 450 }],
  ['400 % zoom', { width: 320, height: 256 }],
] as const) {
  test(`nothing is lost at ${name}`, async ({ page }) => {
    await page.setViewportSize(viewport);
    const editor = new EditorPage(page);
    await enterState(editor, HARNESS_ORIGIN, { ...states.opening });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      viewport.width,
    );
    const expectWithinReach = async (controls: Locator[]) => {
      for (const control of controls) {
        await control.scrollIntoViewIfNeeded();
        await expect(control).toBeInViewport({ ratio: 0.3 });
      }
    };
    const tools = ['Open image', 'Brush', 'Magic wand', 'Clear mask', 'Mask menu', 'Fit'];
    await expectWithinReach([
      ...[editor.undo, editor.redo, editor.canvas, editor.prompt, editor.generate],
      ...tools.map((each) => editor.tool(each)),
      page.getByRole('switch', { name: 'Hosted API' }),
      page.getByRole('slider', { name: 'Brush hardness' }),
    ]);
    await editor.unfold();
    await expectWithinReach([
      ...[editor.prompt, editor.negativePrompt, editor.model, editor.steps, editor.guidance, editor.seed],
      ...[page.getByText('Request as code'), editor.canvas, editor.generate],
    ]);
  });
}

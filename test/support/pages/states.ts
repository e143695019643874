/** The states of the page, each reached as a user reaches it: for screenshots and accessibility tests. */
import { type BrowserContextOptions, devices, type Page } from '@playwright/test';
import type { EditorPage } from './editorPage';
import { harnessPage } from './harness';

const still = { reducedMotion: 'reduce' } as const;
const phone = { ...still, ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
/** A phone in landscape. */
const lying = { ...phone, viewport: { width: 844, height: 390 } };
/** A small phone, less what its browser takes. */
const small = { ...phone, viewport: { width: 375, height: 553 } };
const tablet = { ...still, viewport: { width: 820, height: 1180 }, hasTouch: true };
const desktop = { ...still, viewport: { width: 1440, height: 900 } };

/** Sizes of the page; each is looked at in the dark and in the light, and where the system chooses the colours. */
export const layouts = {
  'desktop-dark': { ...desktop, colorScheme: 'dark' },
  'desktop-light': { ...desktop, colorScheme: 'light' },
  'small-dark': { viewport: { width: 1100, height: 700 }, colorScheme: 'dark' },
  'tablet-dark': { ...tablet, colorScheme: 'dark' },
  'tablet-light': { ...tablet, colorScheme: 'light' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
  'phone-light': { ...phone, colorScheme: 'light' },
  'lying-dark': { ...lying, colorScheme: 'dark' },
  'small-phone': { ...small, colorScheme: 'light' },
  'tablet-forced': { ...tablet, colorScheme: 'dark', forcedColors: 'active' },
  'desktop-forced': { ...desktop, colorScheme: 'dark', forcedColors: 'active' },
  'phone-forced': { ...phone, colorScheme: 'light', forcedColors: 'active' },
} as const satisfies Record<string, BrowserContextOptions>;

export interface PageState {
  /** For the harness. */
  query?: string;
  /** Before the page opens. */
  before?(page: Page): Promise<void>;
  /** Whether the sample never comes. */
  isEmpty?: boolean;
  enter?(page: Page, editor: EditorPage): Promise<void>;
}

const FULL = 'The graphics memory is full; close other tabs or pick a smaller model.';
const failing = `ms=5&fail=DeviceError&message=${encodeURIComponent(FULL)}`;

async function twoRuns(page: Page, editor: EditorPage): Promise<void> {
  await editor.unfold();
  await editor.seed.fill('3');
  await editor.run();
  await editor.run();
  if (page.viewportSize()?.width === desktop.viewport.width) await page.mouse.move(5, 5);
}

/** Lets the page believe that its network is a phone's. */
export async function meteredNetwork(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'connection', { value: { type: 'cellular', saveData: false } });
  });
}

/** Presses one of the top line's last buttons; on a phone they stand behind "More". */
export async function pageAction(page: Page, name: string): Promise<void> {
  const more = page.getByRole('button', { name: 'More', exact: true });
  if (await more.isVisible()) {
    await more.click();
    await page.getByRole('menuitem', { name }).click();
  } else await page.getByRole('button', { name, exact: true }).click();
}

export const states: Record<string, PageState> = {
  empty: {
    isEmpty: true,
    async before(page) {
      await page.route('**/samples/*.json', () => {});
    },
  },
  opening: {},
  'first-visit': { query: 'sample=remove' },
  'unknown-word': { enter: (_page, editor) => editor.prompt.fill('a photo of a woman') },
  painting: {
    enter: (_page, editor) => editor.drag([0.6, 0.4], [0.66, 0.5], [0.62, 0.58]),
  },
  'mask-menu': {
    async enter(page, editor) {
      await editor.tool('Polygon').click();
      for (const point of [
        [0.2, 0.3],
        [0.35, 0.25],
        [0.3, 0.45],
      ] as const) {
        await editor.drag([...point]);
      }
      await page.getByRole('button', { name: 'Mask menu' }).click();
    },
  },
  look: {
    async enter(page, editor) {
      await editor.tool('Magic wand').click();
      await page.getByRole('button', { name: 'Mask overlay' }).click();
    },
  },
  'select-asking': {
    before: meteredNetwork,
    async enter(page, editor) {
      await editor.tool('Select object').click();
      await page.getByText('needs a model').waitFor();
    },
  },
  'select-downloading': {
    async enter(page, editor) {
      await editor.tool('Select object').click();
      await page.getByRole('button', { name: 'Get it' }).click();
      await page.getByText('Getting the model').waitFor();
    },
  },
  'select-name': {
    async enter(page, editor) {
      await editor.tool('Select object').click();
      await page.getByRole('button', { name: 'Select by name' }).click();
    },
  },
  'mask-alone': {
    async enter(page, editor) {
      await editor.canvas.focus();
      await page.keyboard.press('m');
      await editor.tool('Magic wand').click();
    },
  },
  frame: {
    enter: (page) => page.getByRole('button', { name: 'Adjust the frame' }).click(),
  },
  extend: {
    async enter(page) {
      await page.getByRole('button', { name: 'Outpaint: extend the canvas' }).click();
      await page.getByRole('spinbutton', { name: 'Extend right' }).fill('200');
    },
  },
  open: {
    enter: (page) => page.getByRole('button', { name: 'Other ways to open' }).click(),
  },
  more: {
    async enter(page, editor) {
      await editor.unfold();
      await page.getByText('More settings').click();
      await page.getByRole('spinbutton', { name: 'Strength' }).fill('0.7');
      await page.getByRole('button', { name: 'Add LoRA' }).click();
      await page.getByRole('button', { name: 'Add embedding' }).click();
      await page
        .getByRole('textbox', { name: 'Embedding 1', exact: true })
        .fill('sd-concepts-library/cat-toy');
      // Leaving the field starts the look-up.
      await page.getByRole('textbox', { name: 'Word of embedding 1' }).focus();
      await page.getByText('Write in the prompt').waitFor();
    },
  },
  loading: {
    query: 'ms=600000',
    async enter(_page, editor) {
      await editor.generate.click();
      await editor.progress.waitFor();
    },
  },
  running: {
    query: 'ms=120&hold=4',
    async enter(page, editor) {
      await editor.generate.click();
      await page.getByText('step 4 of').first().waitFor();
    },
  },
  result: { query: 'ms=5&provider=wasm', enter: twoRuns },
  removing: {
    query: 'hold=0',
    async enter(page, editor) {
      await editor.remove.click();
      await page.getByText('Removing').first().waitFor();
    },
  },
  removed: { enter: (_page, editor) => editor.takeAway().then(() => {}) },
  'removed-again': {
    async enter(page, editor) {
      await editor.takeAway();
      await editor.takeAway(page.getByRole('button', { name: 'A little more around' }));
      if (page.viewportSize()?.width === desktop.viewport.width) await page.mouse.move(5, 5);
    },
  },
  'no-prompt': {
    async enter(_page, editor) {
      await editor.prompt.fill('');
    },
  },
  compare: {
    query: 'ms=5',
    async enter(page, editor) {
      await editor.unfold();
      await page.getByText('More settings').click();
      await page.getByRole('spinbutton', { name: 'Variations' }).fill('3');
      await twoRuns(page, editor);
      const line = page.getByRole('slider', { name: 'Compare before and after' });
      await line.focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press('PageUp');
    },
  },
  beside: {
    query: 'ms=5',
    async enter(page, editor) {
      await twoRuns(page, editor);
      const button = page.getByRole('button', { name: 'Beside the canvas' });
      // A phone has no room for two.
      if (await button.isVisible()) await button.click();
    },
  },
  models: {
    query: 'models=kept',
    async enter(page, editor) {
      await editor.unfold();
      await page.getByRole('button', { name: 'Manage models' }).click();
      await page.getByRole('dialog').getByText('SDXL inpainting 0.1').first().waitFor();
    },
  },
  downloading: {
    query: 'models=kept',
    async enter(page, editor) {
      await editor.unfold();
      await editor.model.fill('diffusers/stable-diffusion-xl-1.0-inpainting-0.1');
      await page.getByRole('button', { name: 'Resume download' }).click();
      await page.getByText(/left$/).waitFor();
    },
  },
  gated: {
    async enter(page, editor) {
      await editor.unfold();
      await editor.model.fill('owner/gated-model');
      await page.getByText('is gated').waitFor();
    },
  },
  choosing: {
    query: 'models=kept',
    async enter(page, editor) {
      await editor.unfold();
      await page.getByRole('button', { name: 'Show models' }).click();
    },
  },
  gallery: {
    query: 'ms=5',
    async enter(page, editor) {
      await twoRuns(page, editor);
      await pageAction(page, 'Gallery');
      await page.getByRole('list', { name: 'Results' }).getByRole('listitem').nth(1).waitFor();
    },
  },
  'gallery-empty': {
    async enter(page) {
      await pageAction(page, 'Gallery');
      await page.getByText('Your results appear here with').waitFor();
    },
  },
  help: { enter: (page) => pageAction(page, 'Keys and help') },
  code: {
    async enter(page, editor) {
      await editor.unfold();
      await page.getByRole('button', { name: 'Request as code' }).click();
    },
  },
  hosted: {
    async enter(page) {
      await page.getByRole('switch', { name: 'Hosted API' }).click();
      await page.getByLabel('fal.ai API key').fill('a key of twenty letters');
    },
  },
  consent: {
    query: `ms=5&models=kept&fail=OutOfMemoryError&message=${encodeURIComponent(FULL)}`,
    async enter(page, editor) {
      await editor.unfold();
      await editor.model.fill('stable-diffusion-v1-5/stable-diffusion-inpainting');
      await page.getByText('Stored on this device').waitFor();
      await editor.generate.click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  invalid: {
    query: 'ms=5',
    async enter(page, editor) {
      await editor.unfold();
      await editor.steps.fill('400');
      await editor.generate.click();
      await page.getByText('Steps must be a whole number').waitFor();
    },
  },
  failure: {
    query: failing,
    async enter(page, editor) {
      await editor.generate.click();
      await page.getByText(FULL).waitFor();
      await page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File(['hello'], 'notes.txt', { type: 'text/plain' }));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: data }));
      });
      await page.getByText('notes.txt').waitFor();
    },
  },
};

/** Opens the harness page in a state. @param origin ends in a slash */
export async function enterState(editor: EditorPage, origin: string, state: PageState): Promise<void> {
  const { page } = editor;
  await state.before?.(page);
  const url = harnessPage(`index.html?${state.query ?? ''}`, origin);
  if (state.isEmpty) {
    await page.goto(url);
    await page.getByText('Choose an image').waitFor();
  } else await editor.open(url);
  await state.enter?.(page, editor);
  await settled(page);
}

/** Waits until a change of class or size is drawn. There are no animations, because reduced motion is on. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

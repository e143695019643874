/** A visit that follows README.md sentence by sentence, and checks the pixels of the results on the way. */
import type { Page, Request, TestInfo } from '@playwright/test';
import sharp from 'sharp';
import { decode, type Picture } from '../pictures';
import { EditorPage } from './editorPage';
import { button } from './modelPanel';
import { sentencesOf } from './readme';
import { expect, test } from './test';

export const SAMPLE = 'public/samples/sample.jpg';
export const SAMPLE_MASK = 'public/samples/sample-mask.png';
/** The example that README names. */
export const MODEL = 'stable-diffusion-v1-5/stable-diffusion-inpainting';

export interface Visit {
  page: Page;
  editor: EditorPage;
  info: TestInfo;
  /** All requests of the page, in order. */
  requests: Request[];
  /** The decoded sample image. */
  original: Picture;
}
/** The beginning of each sentence, and the action that it describes. */
export type Steps = Readonly<Record<string, (visit: Visit) => Promise<void>>>;

export async function newVisit(page: Page, info: TestInfo): Promise<Visit> {
  const requests: Request[] = [];
  page.on('request', (request) => requests.push(request));
  return { page, editor: new EditorPage(page), info, requests, original: await decode(SAMPLE) };
}

/** Expects the section to contain exactly the sentences of the steps, in order. */
export function expectSentences(heading: string, steps: Steps): void {
  const beginnings = Object.keys(steps);
  const sentences = sentencesOf(heading);
  expect(sentences.map((text, i) => text.slice(0, beginnings[i]?.length))).toEqual(beginnings);
}

export async function follow(steps: Steps, visit: Visit): Promise<void> {
  for (const [sentence, act] of Object.entries(steps)) await test.step(sentence, () => act(visit));
}

/** Pixels that changed, where the mask is black and where it is white. */
export function changedBy(
  before: Picture,
  after: Picture,
  mask: Buffer,
): { outside: number; inside: number } {
  expect(after).toMatchObject({ width: before.width, height: before.height });
  let outside = 0;
  let inside = 0;
  let white = 0;
  for (let i = 0; i < mask.length; i++) {
    const changed = before.data.compare(after.data, i * 3, i * 3 + 3, i * 3, i * 3 + 3) !== 0;
    if ((mask[i] ?? 0) >= 128) {
      white++;
      if (changed) inside++;
    } else if (changed) outside++;
  }
  return { outside, inside: inside / white };
}

/** The first channel, row by row. */
export const brightness = (file: string | Buffer) => sharp(file).extractChannel(0).raw().toBuffer();

/** Expects most pixels of the mask to have changed, and none outside it. */
export function expectPainted(before: Picture, after: Picture, mask: Buffer): void {
  const { outside, inside } = changedBy(before, after, mask);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(0.8);
}

/** The mean of all channels in the masked area, in levels. */
export function brightnessIn({ data }: Picture, mask: Buffer): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 255) continue;
    for (let channel = 0; channel < 3; channel++) sum += data[i * 3 + channel] ?? 0;
    count += 3;
  }
  return sum / count;
}

/** The mean difference of neighbouring pixels in the masked area, in levels. */
export function roughness({ data }: Picture, mask: Buffer): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i + 1 < mask.length; i++) {
    if (mask[i] !== 255 || mask[i + 1] !== 255) continue;
    for (let channel = 0; channel < 3; channel++)
      sum += Math.abs((data[i * 3 + channel] ?? 0) - (data[i * 3 + 3 + channel] ?? 0));
    count += 3;
  }
  return sum / count;
}

/** The mask that "Save mask" gives. */
export async function maskOf({ page, editor }: Pick<Visit, 'page' | 'editor'>): Promise<Buffer> {
  await expect(editor.canvas).toHaveAttribute('aria-busy', 'false');
  const download = page.waitForEvent('download');
  await editor.canvas.focus();
  await page.keyboard.press('Control+Shift+S');
  return brightness(await (await download).path());
}

export const whiteIn = (mask: Buffer) => mask.reduce((count, value) => count + (value === 255 ? 1 : 0), 0);

export async function fromMaskMenu({ page }: Visit, ...names: string[]): Promise<void> {
  await button(page, 'Mask menu').click();
  for (const name of names) await page.getByRole('button', { name }).click();
  await page.keyboard.press('Escape');
}

export async function importMask(
  visit: Visit,
  file: string | { name: string; mimeType: string; buffer: Buffer },
) {
  const chooser = visit.page.waitForEvent('filechooser');
  await fromMaskMenu(visit, 'Import mask');
  await (await chooser).setFiles(file);
}

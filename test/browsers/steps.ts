/** What is tried in each browser, one after another in one tab, as a person would. Everything is judged by pixels. */
import { strict as assert } from 'node:assert';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StaticHost } from '../support/pages/staticHost';
import { changes, decode, type Picture } from '../support/pictures';
import type { Point } from './driver';
import { keptFiles } from './inPage';
import type { Person } from './person';
import { colourAt, drawScene, isInside, type Placement, placeScene, SCENE, SQUARES } from './scene';

export interface Tour {
  person: Person;
  host: StaticHost;
  /** The folder that is served. */
  folder: string;
  /** Milliseconds from a press of "Remove" to its result. */
  removalTimes: number[];
  /** The same of "Generate", in order. */
  pictureTimes: number[];
}

export interface Step {
  name: string;
  run(tour: Tour): Promise<void>;
}

/** A result may differ from its image by this share of the masked pixels at least. */
const PAINTED = 0.8;
/** Image pixels by which the rim of a stroke may be elsewhere: half a screen pixel, and its antialiasing. */
const RIM = 2;

export const steps: readonly Step[] = [
  {
    name: 'first minute',
    async run({ person, host, folder, removalTimes, pictureTimes }) {
      await person.arrive(host.url);
      const sample = await openedSample(
        folder,
        await person.driver.evaluate(() => document.body.textContent ?? ''),
      );
      const original = await decode(await person.download());
      const mask = await decode(join(folder, 'samples', sample.mask));
      const without = await person.makePicture('Remove');
      removalTimes.push(without.ms);
      expectPainted(original, await decode(without.png), mask);
      await person.write('textbox', 'Prompt', 'a mushroom');
      const first = await person.makePicture('Generate');
      pictureTimes.push(first.ms);
      const second = await person.makePicture('Generate');
      pictureTimes.push(second.ms);
      for (const { png } of [first, second]) expectPainted(original, await decode(png), mask);
    },
  },
  {
    name: 'brush',
    async run({ person }) {
      await person.drop('scene.png', 'image/png', await drawScene());
      const place = await placed(person);
      const before = await screen(person);
      await person.click('button', 'Brush');
      const radius = Number.parseFloat((await person.find('slider', 'Brush size')).value) / 2;
      const [from, to] = [
        { x: 250, y: 240 },
        { x: 390, y: 220 },
      ];
      await person.drag(...along(from, to).map(place));
      const mask = await person.mask();
      assert.deepEqual([mask.width, mask.height], [SCENE.width, SCENE.height]);
      everyPixel(mask, (x, y, value) => {
        const distance = distanceToSegment({ x: x + 0.5, y: y + 0.5 }, from, to);
        if (distance < radius - RIM) assert.equal(value, 255, `mask at ${x}, ${y}: not painted`);
        if (distance > radius + RIM) assert.equal(value, 0, `mask at ${x}, ${y}: painted`);
      });
      // On the screen too: the stroke shows, and both squares are as they were.
      const after = await screen(person);
      for (const point of along(from, to)) {
        const [old, now] = [colourAt(before, place(point)), colourAt(after, place(point))];
        assert.ok(difference(old, now) > 30, `the stroke does not show at ${JSON.stringify(point)}: ${now}`);
      }
      for (const { left, top, side } of SQUARES) {
        const centre = place({ x: left + side / 2, y: top + side / 2 });
        assert.ok(difference(colourAt(before, centre), colourAt(after, centre)) < 6, 'a square changed');
      }
    },
  },
  {
    name: 'wand',
    async run({ person }) {
      const place = await placed(person);
      await person.click('button', 'Clear mask');
      await person.click('button', 'Magic wand');
      const [square] = SQUARES;
      await person.drag(place({ x: square.left + 40, y: square.top + 40 }));
      const mask = await person.mask();
      everyPixel(mask, (x, y, value) =>
        assert.equal(value, isInside(square, x, y) ? 255 : 0, `mask at ${x}, ${y}`),
      );
    },
  },
  {
    name: 'gallery',
    async run({ person, pictureTimes }) {
      const { png, ms } = await person.makePicture('Generate');
      pictureTimes.push(ms);
      const [square] = SQUARES;
      const changed = changes(await decode(await drawScene()), await decode(png));
      assert.ok(changed.count > square.side ** 2 * PAINTED, `${changed.count} pixels changed`);
      assert.ok(changed.left >= square.left && changed.right < square.left + square.side, 'painted outside');
      assert.ok(changed.top >= square.top && changed.bottom < square.top + square.side, 'painted outside');
      await person.click('button', 'Gallery');
      await person.until('four results in the gallery', () =>
        person.driver.evaluate(() => {
          const images = document.querySelectorAll<HTMLImageElement>('[role="dialog"] li img');
          return images.length >= 4 && [...images].every(({ naturalWidth }) => naturalWidth > 0);
        }),
      );
      await person.click('button', 'Close');
    },
  },
  {
    name: 'reload',
    async run({ person }) {
      const mask = await person.mask();
      const shown = await decode(await person.download());
      await person.write('textbox', 'Prompt', 'a red balloon');
      // What was typed is stored a moment later; a person who reloads at once would lose the last letters.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await person.reload();
      const prompt = await person.find('textbox', 'Prompt');
      assert.equal(prompt.value, 'a red balloon');
      assert.ok((await person.mask()).data.equals(mask.data), 'the mask came back as another one');
      assert.ok((await decode(await person.download())).data.equals(shown.data), 'the image is another one');
    },
  },
  {
    name: 'offline',
    async run({ person, host, pictureTimes }) {
      for (const part of [
        '.wasm',
        'models/starter/unet',
        'models/starter/vae',
        'models/starter/text_encoder',
      ])
        await person.until(`${part} in the service worker’s cache`, () =>
          person.driver.evaluate(keptFiles, part),
        );
      await host.close();
      await person.reload();
      const before = await decode(await person.download());
      const { png, ms } = await person.makePicture('Generate');
      pictureTimes.push(ms);
      assert.ok(changes(before, await decode(png)).count > 0, 'the new result is the old one');
    },
  },
];

/** The description of the sample that the page shows: it says its line of what to do or, after the reload for threads, its name. */
async function openedSample(folder: string, text: string): Promise<{ mask: string }> {
  const names = await readdir(join(folder, 'samples'));
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const sample = JSON.parse(await readFile(join(folder, 'samples', name), 'utf8'));
    if (typeof sample.hint === 'string' && (text.includes(sample.hint) || text.includes(sample.image)))
      return sample;
  }
  throw new Error('the page shows none of the samples');
}

/** Expects most pixels of the mask to have changed, and none outside it. */
function expectPainted(before: Picture, after: Picture, mask: Picture): void {
  assert.deepEqual([after.width, after.height], [before.width, before.height]);
  let [white, inside, outside] = [0, 0, 0];
  everyPixel(mask, (x, y, value) => {
    const isChanged = difference(colourAt(before, { x, y }), colourAt(after, { x, y })) > 0;
    if (value >= 128) {
      white++;
      if (isChanged) inside++;
    } else if (isChanged) outside++;
  });
  assert.equal(outside, 0, 'pixels changed outside the mask');
  assert.ok(inside > white * PAINTED, `only ${inside} of ${white} masked pixels changed`);
}

/** Calls back with the first channel. */
function everyPixel({ data, width, height }: Picture, visit: (x: number, y: number, value: number) => void) {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) visit(x, y, data[(y * width + x) * 3] ?? 0);
  }
}

/** Waits until the scene is on the screen. */
async function placed(person: Person): Promise<Placement> {
  const canvas = await person.find('application', 'Canvas');
  return person.until('the scene on the canvas', async () => placeScene(await screen(person), canvas));
}

async function screen({ driver }: Person): Promise<Picture> {
  return decode(await driver.screenshot());
}

/** Nine points from one to the other, both included. */
function along(from: Point, to: Point): Point[] {
  return Array.from({ length: 9 }, (_, i) => ({
    x: from.x + ((to.x - from.x) * i) / 8,
    y: from.y + ((to.y - from.y) * i) / 8,
  }));
}

/** Of two colours: the sum over the channels, in levels. */
function difference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0);
}

function distanceToSegment({ x, y }: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - from.x - t * dx, y - from.y - t * dy);
}

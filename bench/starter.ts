/**
 * What the starter draws, and the ground around it.
 *
 *     npx tsx bench/starter.ts ground DIR       scenes of tools/starter/scenes.py
 *     npx tsx bench/starter.ts variations       the page's chips and every thirtieth thing, on the sample's own mask
 *     npx tsx bench/starter.ts sheet DIR KEY    twenty prompts on the sample's own mask, numbered, to be named by eye
 *
 * `ground` measures, where the true thing does not cover the mask, the mean error against the true background, as a multiple
 * of the content-aware fill's own: 1.15 at most. `sheet` writes pages into DIR and what they show into the file KEY, which is
 * opened once all are named; what was said is in bench/results/starterEyes.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createHost } from '../src/host/createHost';
import { cliPlatform } from '../src/node/cli/cliPlatform';
import type { OpenModel } from '../src/pipeline/runRequest';
import { call, read } from './starter/draw';
import { measureGround } from './starter/ground';
import { drawSheet } from './starter/sheet';
import { measureVariations } from './starter/variations';

/** The page's chips: ui/run/StarterThings.tsx. */
const CHIPS = ['mushroom', 'cat', 'sailboat'];

const [what, ...paths] = process.argv.slice(2);
const host = createHost(cliPlatform(1));
const withStarter = <Result>(work: (opened: OpenModel) => Promise<Result>) =>
  host.withModel({ name: 'starter' }, undefined, call, work);

const commands: Record<string, (...paths: string[]) => Promise<void>> = {
  async ground(folder) {
    const ground = await withStarter((opened) => measureGround(opened, given(folder, 'a folder of scenes')));
    save('starterGround', ground);
    console.log(JSON.stringify({ ratio: ground.ratio, scenes: ground.scenes }));
  },
  async variations() {
    const image = await read('public/samples/sample.jpg');
    const mask = await read('public/samples/sample-mask.png');
    const names = [...new Set([...CHIPS, ...everyNth(30, 0)])];
    const rows = await withStarter((opened) => measureVariations(opened, { image, mask }, names));
    save('starterVariations', rows);
    console.log(JSON.stringify({ least: Math.min(...rows.map(({ least }) => least)) }));
  },
  async sheet(folder, key) {
    const file = given(key, 'a file for the key');
    // Every tenth of what it can draw, beginning at the third: twenty.
    const shown = await drawSheet(host, everyNth(10, 2).slice(0, 20), given(folder, 'a folder'));
    writeFileSync(file, `${JSON.stringify(shown, null, 2)}\n`);
  },
};

function everyNth(step: number, first: number): string[] {
  const things: { name: string }[] = JSON.parse(readFileSync('public/models/starter/concepts.json', 'utf8'));
  return things.filter((_, i) => i % step === first).map(({ name }) => name);
}

function save(name: string, result: unknown): void {
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

function given(path: string | undefined, what: string): string {
  if (path === undefined) throw new Error(`name ${what}`);
  return path;
}

const command = commands[what ?? ''];
if (command === undefined) throw new Error('name what to measure: ground, variations or sheet');
try {
  await command(...paths);
} finally {
  await host.release();
}

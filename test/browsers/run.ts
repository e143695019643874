/**
 * `npm run test:browsers [-- firefox | webkit]`: what the editor does first, in Firefox and WebKitGTK, on the page as it is
 * published, from a host that sets no headers. Takes about two minutes a browser on a quiet machine.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { startStaticHost } from '../support/pages/staticHost';
import type { Driver } from './driver';
import { startFirefox } from './firefox';
import { needFirefox, needWebkit } from './install';
import { Person } from './person';
import { steps } from './steps';
import { startWebkit } from './webkit';

const BROWSERS: Readonly<Record<string, () => Promise<Driver>>> = {
  firefox: () => startFirefox(needFirefox()),
  webkit: () => startWebkit(needWebkit()),
};
const OUT = 'test-results/browsers';

const asked = process.argv.slice(2);
const unknown = asked.find((name) => BROWSERS[name] === undefined);
if (unknown !== undefined) {
  console.error(`"${unknown}" is not one of ${Object.keys(BROWSERS).join(', ')}`);
  process.exit(2);
}

const folder = resolve('.cache/browsers/dist');
console.log('Building the page…');
await build({ logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

let failures = 0;
for (const [name, start] of Object.entries(BROWSERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  failures += await tryIn(name, start);
}
process.exit(failures === 0 ? 0 : 1);

/** @returns how many steps failed */
async function tryIn(name: string, start: () => Promise<Driver>): Promise<number> {
  const load = loadavg()[0]?.toFixed(1);
  const driver = await start();
  const host = await startStaticHost(folder, '/inlay/');
  const tour = {
    person: new Person(driver),
    host,
    folder,
    removalTimes: [] as number[],
    pictureTimes: [] as number[],
  };
  const passed: string[] = [];
  console.log(`\n${driver.title} · ${cpus().length} cores, load ${load} at the start`);
  try {
    for (const step of steps) {
      const began = performance.now();
      try {
        await step.run(tour);
        passed.push(step.name);
        console.log(`  ✓ ${step.name} (${seconds(performance.now() - began)} s)`);
      } catch (error) {
        console.log(`  ✗ ${step.name}: ${error instanceof Error ? error.stack : String(error)}`);
        return 1;
      } finally {
        const file = join(OUT, `${name}-${step.name.replaceAll(' ', '-')}.png`);
        await driver.screenshot().then(
          (png) => writeFileSync(file, png),
          () => console.log('    no screenshot could be taken'),
        );
      }
    }
    return 0;
  } finally {
    const times = (name: string, each: number[]) => `${name} ${each.map(seconds).join(', ')} s`;
    const pictures = `${times('removed in', tour.removalTimes)}; ${times('painted in', tour.pictureTimes)}`;
    const row = [driver.title, new Date().toISOString().slice(0, 10), passed.join(', '), pictures];
    console.log(`  | ${row.join(' | ')} |`);
    await driver.close();
    await host.close();
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

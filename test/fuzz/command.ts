/**
 * `npm run fuzz -- --cases N [--only NAME] [--seed N]`: sends N inputs that are wrong in some way through every entry point
 * and prints a table. Exit code 1 if anything but a result or a named refusal comes out.
 */
import 'fake-indexeddb/auto';
import { parseArgs } from 'node:util';
import { fuzz, type Outcome } from './target';
import { targets } from './targets';

const { values } = parseArgs({
  options: { cases: { type: 'string' }, only: { type: 'string' }, seed: { type: 'string' } },
});
const cases = Number(values.cases ?? 2000);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
  console.error('--cases and --seed are whole numbers; --only is a part of a name');
  process.exit(2);
}
const chosen = targets.filter(({ name }) => name.includes(values.only ?? ''));
if (chosen.length === 0) {
  console.error(
    `No entrance is called "${values.only}". There are: ${targets.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

console.log(`Seed ${seed}, ${cases} cases each\n`);
console.log('| entrance | cases | taken | refused in words | slowest | seconds |\n|---|---|---|---|---|---|');
const outcomes: Outcome[] = [];
for (const target of chosen) {
  const start = performance.now();
  const outcome = await fuzz(target, cases, seed);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const { taken, refused, longestMs } = outcome;
  console.log(
    `| ${target.name} | ${outcome.failure ? 'FAILED' : outcome.cases} | ${taken} | ${refused} | ${Math.round(longestMs)} ms | ${seconds} |`,
  );
  outcomes.push(outcome);
}
for (const { name, failure } of outcomes) if (failure) console.error(`\n${name}:\n${failure}`);
process.exit(outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0);

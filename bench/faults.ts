/**
 * Injects faults and compares the state before and after: `tsx bench/faults.ts [GROUP | words of a kind's name]…` (all).
 * Each kind hits the page, the command line or the server as users run them, and prints one table row: digests of
 * images, masks and results before and after, the message shown, the time until everything works again, and the outcome
 * of the next run. The rows replace those of the same name in bench/results/faults.md.
 * Linux, as root (it mounts small disks). Exit code 1 if something is lost or wrong.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { commandLine } from './faults/commandLine';
import { editorPage } from './faults/editorPage';
import { engine } from './faults/engine';
import { columns, type Group, line, lostOf, rowOf, within } from './faults/report';
import { server } from './faults/server';

const RESULTS = 'bench/results/faults.md';
/** Longest time for one kind, whatever it waits for. */
const LIMIT_MS = 240_000;
const groups: Group[] = [editorPage, engine, commandLine, server];

const wanted = process.argv.slice(2);
const isWanted = (group: Group, name: string) =>
  wanted.length === 0 || wanted.some((word) => word === group.name || name.includes(word));

const rows = new Map<string, string>();
let wrong = 0;
console.log(line(columns));
for (const group of groups) {
  const { kinds, end } = await group.begin();
  try {
    for (const { name, run } of kinds.filter((kind) => isWanted(group, kind.name))) {
      try {
        const outcome = await within(LIMIT_MS, name, run());
        if (lostOf(outcome.before, outcome.after).length > 0) wrong++;
        rows.set(name, rowOf(name, outcome));
      } catch (error) {
        wrong++;
        rows.set(
          name,
          line([name, '', '', '', `**${error instanceof Error ? error.stack : error}**`, '', '']),
        );
      }
      console.log(rows.get(name));
    }
  } finally {
    await end();
  }
}

const head = [line(columns), line(columns.map(() => '---'))];
const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').split('\n') : [];
const nameIn = (row: string) => row.split(' | ')[0]?.slice(2) ?? '';
const at = old.indexOf(head[0] ?? '');
const kept = old.slice(Math.max(0, at)).filter((row) => row.startsWith('| ') && !head.includes(row));
const all = new Map([...kept.map((row) => [nameIn(row), row] as const), ...rows]);
const before = at >= 0 ? old.slice(0, at) : ['# Injected faults', ''];
writeFileSync(RESULTS, `${[...before, ...head, ...all.values()].join('\n')}\n`);
process.exit(wrong > 0 ? 1 : 0);

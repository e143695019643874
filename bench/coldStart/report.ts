/** What visits measured, as a table. */

/** A stage of the engine's work, as its worker's timeline has it. */
export interface Stage {
  name: string;
  /** How long it took. */
  ms: number;
  /** In milliseconds since 1970. */
  start: number;
}

/** Of an image, in milliseconds since 1970. */
export interface Shown {
  pressed: number;
  shown: number;
}

export interface Visit {
  /** From the press to the image, and how long processors were at work for the browser meanwhile. */
  firstMs: number;
  firstCpuMs: number;
  /** The same for the next image of the same visit. */
  nextMs: number;
  nextCpuMs: number;
  /** Milliseconds of each stage of the first image. */
  stages: Map<string, number>;
  nextStages: Map<string, number>;
  /** The machine's, over the minute before. */
  load: number;
}

/** Measured when a run is over, as sums over it: their starts say nothing. */
const SUMS = ['load', 'text', 'encode', 'denoise', 'decode', 'remove'];

/** The stages of one image: those that were not measured yet before it, and the page's own work around them. */
export function stagesOf(
  { pressed, shown }: Shown,
  before: readonly Stage[],
  after: readonly Stage[],
): Map<string, number> {
  const known = new Set(before.map(({ name, start }) => `${name} ${start}`));
  const fresh = after.filter(({ name, start }) => !known.has(`${name} ${start}`));
  const placed = fresh.filter(({ name }) => !SUMS.includes(name));
  const from = Math.min(...placed.map(({ start }) => start));
  const to = Math.max(...placed.map(({ start, ms }) => start + ms));
  return new Map([
    ['page, before the engine', from - pressed],
    ...fresh.map(({ name, ms }): [string, number] => [name, ms]),
    ['page, after the engine', shown - to],
  ]);
}

export function visitsReport(
  visits: ReadonlyMap<string, readonly Visit[]>,
  { machine, date }: { machine: string; date: string },
): string {
  const rows = [...visits].map(([look, each]) => {
    const of = (pick: (visit: Visit) => number) => median(each.map(pick));
    const cells = [
      look,
      `**${seconds(of(({ firstMs }) => firstMs))}**`,
      each.map(({ firstMs }) => seconds(firstMs)).join(', '),
      seconds(of(({ nextMs }) => nextMs)),
      of(({ firstMs, nextMs }) => firstMs / nextMs).toFixed(2),
      `${seconds(of(({ firstCpuMs }) => firstCpuMs))} / ${seconds(of(({ nextCpuMs }) => nextCpuMs))}`,
      each.map(({ load }) => load.toFixed(1)).join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const columns = [...visits].flatMap(([look, each]) => [
    { title: `${look}: first`, stages: each.map(({ stages }) => stages) },
    { title: 'next', stages: each.map(({ nextStages }) => nextStages) },
  ]);
  const names = [...new Set(columns.flatMap(({ stages }) => stages.flatMap((each) => [...each.keys()])))];
  const stageRows = names.map((name) => {
    const cells = columns.map(({ stages }) => median(stages.map((each) => each.get(name) ?? 0)).toFixed(0));
    return `| ${[name, ...cells].join(' | ')} |`;
  });
  return `# The first image of a visit

Made by \`npx tsx bench/coldStart.ts\` on ${date}, ${machine}; starter model, 256 × 256, 6 steps, the page and its
files stored by an earlier visit, a fresh browser each time. Seconds from the press of Generate to the image, and the time that
processors were at work for the browser meanwhile. The load is the machine's average over the minute before: above 1, others were
at work, and only the ratio to the next image of the same visit says something.

| pressed | median | each | next image | first / next | CPU first / next | load |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Milliseconds of the stages from the press on, medians; 0 where it was done before the press. Some overlap: the runtime starts and
weights are read while the model is opened, sessions are part of \`load\`, \`text\`, \`encode\` and \`decode\`, and \`remove\`, which makes
the ground in a thread of its own, lasts as long as it shares the processors with the rest:

| stage | ${columns.map(({ title }) => title).join(' | ')} |
|---|${columns.map(() => '---').join('|')}|
${stageRows.join('\n')}
`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

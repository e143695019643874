/** Records what every thread of Chromium does during an action, and finds the longest tasks on the page's main thread. */
import type { CDPSession, Page } from '@playwright/test';

interface TraceEvent {
  name: string;
  cat: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args: { name?: string; data?: { type?: string } };
}

/** Records what every thread does while `action` runs. */
export async function traced(client: CDPSession, action: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  // The protocol types an event as a bag of unknown values.
  client.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => client.on('Tracing.tracingComplete', () => resolve()));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
  });
  await action();
  await client.send('Tracing.end');
  await complete;
  return events;
}

export interface Task {
  wallMs: number;
  /** CPU time: on a busy machine, wall time includes other programs. */
  cpuMs: number;
  /** The longest activity within it. */
  doing: string;
}

/** Tasks of the thread that runs the page, longest first. */
export function mainThreadTasks(events: readonly TraceEvent[]): Task[] {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const isMain = (event: TraceEvent) =>
    threads.some(({ pid, tid }) => pid === event.pid && tid === event.tid);
  const spans = events.filter((event) => event.ph === 'X' && isMain(event));
  const parts = spans.filter(({ cat }) => cat.includes('devtools.timeline'));
  return spans
    .filter(({ name }) => name.endsWith('ThreadControllerImpl::RunTask'))
    .map(({ ts, dur = 0, tdur = 0 }) => {
      const within = parts.filter((part) => part.ts >= ts && part.ts + (part.dur ?? 0) <= ts + dur);
      const longest = within
        .sort((a, b) => (b.tdur ?? 0) - (a.tdur ?? 0))
        .find(({ name }) => name !== 'RunTask');
      return {
        wallMs: dur / 1000,
        cpuMs: tdur / 1000,
        doing: longest ? longest.args.data?.type || longest.name : 'nothing named',
      };
    })
    .sort((a, b) => b.cpuMs - a.cpuMs);
}

/** Users notice longer tasks. */
export const LIMIT_MS = 50;
/** How many of the longest tasks are reported. */
const TOLD = 4;

const overLimit = (tasks: readonly Task[], pick: (task: Task) => number) =>
  tasks.filter((task) => pick(task) > LIMIT_MS).length;

/** The summary of the tasks that goes into a results file. */
export function summaryOf(tasks: readonly Task[]) {
  return {
    tasks: tasks.length,
    overLimitOfProcessor: overLimit(tasks, ({ cpuMs }) => cpuMs),
    overLimitOfWall: overLimit(tasks, ({ wallMs }) => wallMs),
    longest: tasks.slice(0, TOLD),
  };
}

/** `24 tasks; over 50 ms of CPU time 0, of wall time 1; longest 31.2 (60.1, Paint) … ms CPU (wall, activity)` */
export function describeTasks(tasks: readonly Task[]): string {
  const longest = tasks
    .slice(0, TOLD)
    .map(({ wallMs, cpuMs, doing }) => `${cpuMs.toFixed(1)} (${wallMs.toFixed(1)}, ${doing})`);
  const over = (pick: (task: Task) => number) => overLimit(tasks, pick);
  return (
    `${tasks.length} tasks; over ${LIMIT_MS} ms of CPU time ${over(({ cpuMs }) => cpuMs)}, ` +
    `of wall time ${over(({ wallMs }) => wallMs)}; longest ${longest.join(', ')} ms CPU (wall, activity)`
  );
}

/**
 * The page's memory after a collection. Unlike the heap size, it includes workers, array buffers and canvases.
 * @returns bytes
 */
export async function pageMemory(page: Page, client: CDPSession): Promise<number> {
  await client.send('HeapProfiler.collectGarbage');
  return page.evaluate(async () => {
    const measure: unknown = Reflect.get(performance, 'measureUserAgentSpecificMemory');
    if (typeof measure !== 'function') throw new Error('the page is not cross-origin isolated');
    const { bytes: total }: { bytes: number } = await measure.call(performance);
    return total;
  });
}

/** Starts the command line and the server as users do, and mounts small disks. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { until } from './report';

export const TINY = 'goldens/models/sd15-inpaint';

export interface Program {
  child: ChildProcess;
  /** Its output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** @param file in src/node */
export function startProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', `src/node/${file}`, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
    });
  }
  const ended = new Promise<number | string>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code ?? 0)),
  );
  return {
    child,
    ended,
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
  };
}

/** The last complete line of a program's output. */
export function lastLine(text: string): string {
  return (
    text
      .trim()
      .split(/[\r\n]+/)
      .at(-1) ?? ''
  );
}

/** @returns its URL */
export async function startServer(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Program & { url: string }> {
  const server = startProgram('server.ts', ['--folder', `tiny=${TINY}`, '--threads', '1', ...args], {
    PORT: '0',
    ...env,
  });
  const url = await until(() => /http:\/\/\S+/.exec(server.stdout)?.[0], 'the server’s address');
  return Object.assign(server, { url });
}

/** The painting processes that a program started (Linux). */
export function paintingProcesses(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        if (!readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('paintProcess')) return false;
        const about = readFileSync(`/proc/${entry}/stat`, 'utf8').replace(/\(.*\)/, '()');
        return Number(about.split(' ')[3]) === parent;
      } catch {
        // It has ended since.
        return false;
      }
    })
    .map(Number);
}

/** Mounts a disk of the given kilobytes in memory (Linux, as root). @returns a function that unmounts it */
export function mountDisk(folder: string, kilobytes: number): () => void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]);
  return () => execFileSync('umount', [folder]);
}

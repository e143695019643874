/** Finds a Chromium for the tests, or installs one. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

/** Set this to the path of a Chrome or Chromium to use that one. */
export const BROWSER_VARIABLE = 'INLAY_BROWSER';

const commands = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'chrome'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Takes, in this order: the environment variable, an installed Chrome or Chromium, Playwright's own; else installs
 * one.
 * @returns the path of its executable
 * @throws Error that says what to do where none can be had
 */
export function findBrowser(): string {
  const named = process.env[BROWSER_VARIABLE];
  if (named !== undefined) {
    if (!isExecutable(named)) throw new Error(`${BROWSER_VARIABLE}: ${named} is no program that can be run`);
    return named;
  }
  const found = installed();
  if (found !== undefined) return found;
  install();
  const fresh = installed();
  if (fresh !== undefined) return fresh;
  throw new Error(
    `No Chrome or Chromium was found and none could be installed. Install one, or set ${BROWSER_VARIABLE} to its path.`,
  );
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return [...paths, ...applications, chromium.executablePath()].find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function install(): void {
  const debianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  const steps: [string, string[]][] = debianRoot
    ? [
        ['apt-get', ['update', '-q']],
        ['apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium']],
      ]
    : [['npx', ['playwright', 'install', '--with-deps', 'chromium']]];
  console.log('No Chrome or Chromium found: installing one.');
  for (const [command, args] of steps) {
    const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
    if (status !== 0) return;
  }
}

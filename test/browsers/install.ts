/** Finds Firefox and WebKitGTK, or installs them from Debian. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { WebkitPrograms } from './webkit';

/** Where Debian puts programs that are not for the command line, below a folder named after the processor. */
const LIBRARIES = '/usr/lib';

/** @returns the path of its executable. @throws Error that says what to do where it cannot be had */
export function needFirefox(): string {
  const find = () => onPath('firefox') ?? onPath('firefox-esr');
  return find() ?? installed('Firefox', ['firefox-esr'], find);
}

/** @throws Error that says what to do where they cannot be had */
export function needWebkit(): WebkitPrograms {
  const find = (): WebkitPrograms | undefined => {
    const [driver, screen, miniBrowser] = [onPath('WebKitWebDriver'), onPath('Xvfb'), findMiniBrowser()];
    return driver && screen && miniBrowser ? { driver, screen, miniBrowser } : undefined;
  };
  return find() ?? installed('WebKitGTK', ['webkit2gtk-driver', 'xvfb'], find);
}

function installed<Found>(what: string, packages: string[], find: () => Found | undefined): Found {
  const advice = `install the packages ${packages.join(' and ')}`;
  if (!existsSync('/etc/debian_version'))
    throw new Error(`${what} was not found: ${advice}, or what your system calls them`);
  if (process.getuid?.() !== 0) throw new Error(`${what} was not found: ${advice} (sudo apt-get install)`);
  console.log(`${what} was not found: installing ${packages.join(', ')}.`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', ['-q', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`${what} could not be installed: ${advice} yourself`);
  }
  const found = find();
  if (found === undefined) throw new Error(`${what} was installed and is still not found: ${advice}`);
  return found;
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function findMiniBrowser(): string | undefined {
  const processors = existsSync(LIBRARIES) ? readdirSync(LIBRARIES) : [];
  const folders = processors.flatMap((processor) => [
    join(LIBRARIES, processor, 'webkit2gtk-4.1'),
    join(LIBRARIES, processor, 'webkitgtk-6.0'),
  ]);
  return folders.map((folder) => join(folder, 'MiniBrowser')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

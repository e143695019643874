/** README.md for tests that follow it: the sentences of its sections, and its commands as written. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The text between this heading and the next one of its level. */
function section(heading: string): string {
  const readme = readFileSync('README.md', 'utf8');
  const [, text] = readme.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`README.md has no section "${heading}"`);
  return text.split('\n## ')[0] ?? '';
}

/** In order, each on one line; code blocks are left out. */
export function sentencesOf(heading: string): string[] {
  const prose = section(heading)
    .replaceAll(/```[\s\S]*?```/g, '\n\n')
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll('\n', ' ').trim())
    .filter((paragraph) => paragraph !== '');
  return prose.flatMap((paragraph) => paragraph.split(/(?<=\.)\s+(?=[A-Z`*])/));
}

/** The section's blocks for the shell, in order. */
export function commandsOf(heading: string): string[] {
  return [...section(heading).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command = '']) => command);
}

/** A folder in which commands find the checkout as in its root, and leave what they write. */
export function checkoutOfLinks(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync('.')) symlinkSync(resolve(name), join(folder, name));
  return folder;
}

/** @returns what a command writes to standard output. @throws Error with what it wrote elsewhere, where it fails */
export function runCommand(command: string, folder: string): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, { cwd: folder, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let said = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done(output) : fail(new Error(`${command}${output}${said}`))));
  });
}

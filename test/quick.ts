/** `npm run test:quick`: lint, types and the fast unit tests, side by side. Each one's output comes in one piece. */
import { spawn } from 'node:child_process';

const checks = {
  lint: 'npm run --silent lint',
  types: 'npm run --silent check',
  fast: 'npx vitest run --project fast --reporter dot',
};

const started = performance.now();
const results = await Promise.all(Object.entries(checks).map(([name, command]) => run(name, command)));
process.exitCode = Math.max(...results);

/** @returns the exit code */
function run(name: string, command: string): Promise<number> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      console.log(`${code === 0 ? '✓' : '✗'} ${name}, after ${seconds} s`);
      if (code !== 0) console.log(output);
      resolve(code ?? 1);
    });
  });
}

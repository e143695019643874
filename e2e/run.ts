/** `npm run test:e2e`: finds a browser, then hands over to Playwright. Arguments go to Playwright. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { BROWSER_VARIABLE, findBrowser } from '../test/support/pages/browser';
import { PORT_VARIABLES } from '../test/support/pages/ports';

let browser: string;
try {
  browser = findBrowser();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
console.log(`Browser: ${browser}`);
const ports: Record<string, string> = {};
for (const variable of PORT_VARIABLES) ports[variable] = process.env[variable] ?? String(await freePort());
const { status } = spawnSync('npx', ['playwright', 'test', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, [BROWSER_VARIABLE]: browser, ...ports },
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, 'localhost', () => {
      const address = server.address();
      const found = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(found));
    });
  });
}

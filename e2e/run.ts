/** `npm run test:e2e`: finds a browser, then hands over to Playwright. Arguments go to Playwright. */
import { spawnSync } from 'node:child_process';
import { BROWSER_VARIABLE, findBrowser } from './browser';

let browser: string;
try {
  browser = findBrowser();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
console.log(`Browser: ${browser}`);
const { status } = spawnSync('npx', ['playwright', 'test', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, [BROWSER_VARIABLE]: browser },
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);

/**
 * The page closed to what is foreign: no script but its own, no code from text, no worker and no address from elsewhere than
 * it says; and a service worker that keeps only what the build listed.
 */
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { EditorPage } from '../test/support/pages/editorPage';
import { type StaticHost, startStaticHost } from '../test/support/pages/staticHost';
import { expect, test } from '../test/support/pages/test';
import { decode } from '../test/support/pictures';

const FOLDER = '.cache/e2e-closed';
const PATH = '/inlay/';

/** What the browser would not do, as directives and what was stopped. */
async function watchViolations(page: Page): Promise<string[]> {
  const seen: string[] = [];
  await page.exposeFunction('reportViolation', (text: string) => seen.push(text));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report = (window as unknown as { reportViolation(text: string): void }).reportViolation;
      report(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile ?? ''}`);
    });
  });
  // Those of workers come to the console alone.
  page.on('console', (message) => {
    if (/content.security.policy|trusted ?(type|script|html)/i.test(message.text()))
      seen.push(message.text());
  });
  return seen;
}

test('a whole run needs nothing that the policy forbids', async ({ page }) => {
  const violations = await watchViolations(page);
  const editor = new EditorPage(page);
  await editor.open('/');
  await editor.unfold();
  await editor.steps.fill('2');
  const result = await decode(await editor.run());
  expect(result.width).toBeGreaterThan(0);
  // Dialogs, which hold the page still by styles of their own, and a download.
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  expect(violations).toEqual([]);
});

test.describe('what is not the page’s own', () => {
  let violations: string[];
  test.beforeEach(async ({ page }) => {
    violations = await watchViolations(page);
    await page.goto('./');
    await expect(page.getByRole('button', { name: 'Generate' })).toBeVisible();
  });

  test('inline scripts, foreign scripts and code from text do not run', async ({ page }) => {
    const ran = await page.evaluate(async () => {
      // What the test itself has the browser do at once is exempt from the policy; what follows is not.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const state = window as unknown as { injected?: boolean };
      const attempts: Record<string, () => unknown> = {
        element() {
          const script = document.createElement('script');
          script.textContent = 'window.injected = true';
          document.body.append(script);
        },
        attribute() {
          const image = document.createElement('img');
          image.setAttribute('onerror', 'window.injected = true');
          image.src = 'data:,';
          document.body.append(image);
        },
        html() {
          document.body.insertAdjacentHTML(
            'beforeend',
            '<img src="data:," onerror="window.injected = true">',
          );
        },
        foreign() {
          const script = document.createElement('script');
          script.src = 'http://127.0.0.1:1/foreign.js';
          document.body.append(script);
        },
        // biome-ignore lint/security/noGlobalEval: what the policy must stop
        eval: () => window.eval('window.injected = true'),
        function: () => new Function('window.injected = true')(),
        timer: () => setTimeout('window.injected = true' as unknown as () => void, 0),
        worker: () => new Worker('http://127.0.0.1:1/worker.js'),
        blob: () => new Worker(URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))),
      };
      const outcomes: Record<string, string> = {};
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          attempt();
          outcomes[name] = 'tried';
        } catch (error) {
          outcomes[name] = (error as Error).name;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { injected: state.injected ?? false, outcomes };
    });
    expect(ran.injected).toBe(false);
    for (const name of ['element', 'html', 'foreign', 'eval', 'function', 'timer', 'worker', 'blob']) {
      expect(ran.outcomes[name], name).not.toBe('tried');
    }
    await expect.poll(() => violations.length).toBeGreaterThan(0);
  });

  test('addresses in plain http elsewhere, frames and forms are not reached', async ({ page }) => {
    const reached = await page.evaluate(async () => {
      const fetched = await fetch('http://192.0.2.1/model.safetensors').then(
        () => true,
        () => false,
      );
      const frame = document.createElement('iframe');
      frame.src = 'https://example.org/';
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return fetched;
    });
    expect(reached).toBe(false);
    await expect.poll(() => violations.join('\n')).toMatch(/connect-src http:\/\/192\.0\.2\.1/);
    await expect.poll(() => violations.join('\n')).toMatch(/frame-src https:\/\/example\.org/);
  });
});

test('npm start answers every file with the policy, nosniff and a permissions policy', async ({
  request,
}) => {
  for (const path of ['./', './sw.js', './samples/sample.json', './favicon.svg']) {
    const headers = (await request.get(path)).headers();
    expect(headers['content-security-policy'], path).toContain("default-src 'none'");
    expect(headers['content-security-policy'], path).toContain("frame-ancestors 'self'");
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    expect(headers['permissions-policy'], path).toContain('camera=()');
  }
});

test.describe('on a host without headers', () => {
  let host: StaticHost;
  /** A folder for each test: a page that is being closed may still read from that of the test before. */
  let folder: string;
  test.beforeEach(() => {
    folder = join(FOLDER, test.info().testId);
    rmSync(folder, { recursive: true, force: true });
    cpSync('dist', folder, { recursive: true });
  });
  test.afterEach(() => host.close());
  test.afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

  /** Asked again where the page loads itself anew in between, as it does once for threads. */
  const ask = <Value>(page: Page, question: () => Value) => page.evaluate(question).catch(() => undefined);
  const controlled = (page: Page) =>
    expect
      .poll(() => ask(page, () => navigator.serviceWorker.controller !== null), { timeout: 60_000 })
      .toBe(true);

  test('the service worker sets them, and opens with the build’s page whatever the host writes into it', async ({
    page,
  }) => {
    const path = join(folder, 'index.html');
    const html = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      html.replace('</body>', '<script>window.injected = true</script><b id="host">host</b></body>'),
    );
    host = await startStaticHost(folder, PATH);
    await page.goto(host.url);
    // The page's own <meta> holds from the first visit on.
    await expect.poll(() => ask(page, () => 'injected' in window)).toBe(false);
    await controlled(page);
    // Once more where it loads itself anew in between.
    await expect(async () => {
      const response = await page.reload();
      expect(response?.fromServiceWorker()).toBe(true);
      expect(response?.headers()['content-security-policy']).toContain("default-src 'none'");
      expect(response?.headers()['x-content-type-options']).toBe('nosniff');
    }).toPass({ timeout: 60_000 });
    expect(await page.locator('#host').count()).toBe(0);
    await expect(page.getByRole('button', { name: 'Generate' })).toBeVisible();
  });

  test('a file of the shell that is not the build’s is not kept', async ({ page }) => {
    const script = readdirSync(join(folder, 'assets')).find((name) => /^index-.*\.js$/.test(name));
    if (script === undefined) throw new Error('the build has no entry script');
    appendFileSync(join(folder, 'assets', script), '\nwindow.changedOnTheWay = true;');
    host = await startStaticHost(folder, PATH);
    const failed = page.waitForEvent('console', (message) =>
      /can’t be stored for offline use/.test(message.text()),
    );
    await page.goto(host.url);
    await failed;
    const state = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      return { active: registration?.active !== null && registration?.active !== undefined };
    });
    expect(state.active).toBe(false);
  });
});

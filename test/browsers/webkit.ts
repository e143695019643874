/** WebKitGTK's MiniBrowser, by WebDriver, on a screen of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Builder, Key, Origin } from 'selenium-webdriver';
import { type Driver, type Point, sourceFor, VIEWPORT } from './driver';

const START_MS = 20_000;
/** Room for the window's own bars. */
const WINDOW = { width: VIEWPORT.width, height: VIEWPORT.height + 60 };

export interface WebkitPrograms {
  driver: string;
  miniBrowser: string;
  screen: string;
}

export async function startWebkit(programs: WebkitPrograms): Promise<Driver> {
  const port = await freePort();
  const children: ChildProcess[] = [];
  try {
    const { display, child } = await openScreen(programs.screen);
    children.push(child);
    const env = {
      ...process.env,
      DISPLAY: display,
      // Bubblewrap needs rights that containers do not give; the tests open no page but their own.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
    };
    children.push(spawn(programs.driver, [`--port=${port}`], { stdio: 'ignore', env }));
    return await connect(port, programs.miniBrowser, () => end(children));
  } catch (error) {
    end(children);
    throw error;
  }
}

async function connect(port: number, miniBrowser: string, onClose: () => void): Promise<Driver> {
  const address = `http://127.0.0.1:${port}`;
  await answering(`${address}/status`);
  const driver = await new Builder()
    .usingServer(address)
    .withCapabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
    })
    .build();
  await driver.manage().setTimeouts({ script: 400_000, pageLoad: 60_000 });
  await driver
    .manage()
    .window()
    .setRect({ x: 0, y: 0, ...WINDOW });
  const version = (await driver.getCapabilities()).get('browserVersion');
  let at: Point = { x: 0, y: 0 };
  const pointer = () => driver.actions({ async: false });
  return {
    title: `WebKitGTK ${version}`,
    open: (url) => driver.get(url),
    reload: () => driver.navigate().refresh(),
    async evaluate(work, ...parameters) {
      // An asynchronous script gives its answer to its last parameter.
      const script = `const done = arguments[arguments.length - 1];
        Promise.resolve().then(() => ${sourceFor(work)}(...${JSON.stringify(parameters)}))
          .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const answer = (await driver.executeAsyncScript(script)) as { value?: never; error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value as never;
    },
    async move(to) {
      at = { x: Math.round(to.x), y: Math.round(to.y) };
      await pointer()
        .move({ ...at, origin: Origin.VIEWPORT, duration: 10 })
        .perform();
    },
    press: () => pointer().press().perform(),
    release: () => pointer().release().perform(),
    type: (text) => driver.actions({ async: false }).sendKeys(text).perform(),
    escape: () => driver.actions({ async: false }).sendKeys(Key.ESCAPE).perform(),
    screenshot: async () => Buffer.from(await driver.takeScreenshot(), 'base64'),
    async close() {
      await driver.quit().catch(() => {});
      onClose();
    },
  };
}

/** A screen without a monitor, under a number that it chooses itself. */
function openScreen(program: string): Promise<{ display: string; child: ChildProcess }> {
  const size = `${WINDOW.width}x${WINDOW.height}x24`;
  const child = spawn(program, ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended at once, with code ${code}`)));
    child.stdio[3]?.once('data', (number) => resolve({ display: `:${String(number).trim()}`, child }));
  });
}

async function answering(url: string): Promise<void> {
  const end = Date.now() + START_MS;
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (Date.now() > end) throw new Error('WebKitWebDriver does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function end(children: readonly ChildProcess[]): void {
  for (const child of children) child.kill();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

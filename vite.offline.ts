/**
 * Builds the service worker: lists the files of the finished build with their digests and puts the list into sw.js, which is
 * beside index.html so that its scope is the page, wherever the folder is served.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import { isCut, PARTS, partsOf } from './src/model/runtime/ortParts.ts';
import type { OwnFile, OwnFiles } from './src/sw/ownFiles';
import { contentSecurityPolicy, pageHeaders } from './src/sw/pageHeaders.ts';

const PAGE = 'index.html';
/** Files for people who read the repository or the server's folder. */
const NOT_OF_THE_PAGE = /(\.md|\.map|^sw\.js)$/;
/** Kept by the worker that uses them, where "Manage models" lists and deletes them (src/storage/assistants.ts). */
const KEPT_ELSEWHERE = /^models\/select\//;
/** Vite's form of names that change with the contents. */
const HASHED = /^assets\/.*-[\w-]{8}\.\w+(\.\d)?$/;
/** Stored when they are used, not at the first visit: few need the decoders of HEIC and TIFF, or transformers.js. */
const LARGE = /\.wasm(\.\d)?$|^models\/|^assets\/(libheif|geotiff|lerc|zstd|pako|transformers)/;

/** Replaces a built page's service worker when the development server has its port. */
const GOODBYE = `addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(registration.unregister()
  .then(() => clients.matchAll({ type: 'window' }))
  .then((pages) => Promise.all(pages.map((page) => page.navigate(page.url))))));
`;

/** @param connect more origins that the page may reach, from connectFromEnv */
export function offline(connect: readonly string[]): Plugin {
  let root = '.';
  let outDir = 'dist';
  return {
    name: 'inlay-offline',
    configResolved(config) {
      root = config.root;
      outDir = resolve(config.root, config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use('/sw.js', (_request, response) => {
        response.setHeader('Content-Type', 'text/javascript').end(GOODBYE);
      });
    },
    // Without headers from the host, a first visit has no service worker yet and needs the policy in the page. The development
    // server writes scripts into pages, which the policy would stop.
    transformIndexHtml: {
      order: 'post',
      handler: (html, { server }) => (server === undefined ? withPolicy(html, connect) : html),
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        await cutLargest(outDir);
        await keepOffline(root, outDir, connect);
      },
    },
  };
}

/** Some hosts allow no larger files: src/model/runtime/ortParts.ts says which and why. */
export async function cutLargest(outDir: string): Promise<void> {
  for (const path of (await filesIn(outDir)).filter(isCut)) {
    const bytes = await readFile(join(outDir, path));
    const partBytes = Math.ceil(bytes.byteLength / PARTS);
    for (const [number, part] of partsOf(path).entries()) {
      await writeFile(join(outDir, part), bytes.subarray(number * partBytes, (number + 1) * partBytes));
    }
    await unlink(join(outDir, path));
  }
}

/** Makes the service worker of an otherwise finished folder, and marks its index.html as part of this build. */
export async function keepOffline(
  root: string,
  outDir: string,
  connect: readonly string[] = [],
): Promise<void> {
  await buildServiceWorker(root, outDir, { ...(await listFiles(outDir)), headers: pageHeaders(connect) });
}

/** Paths with slashes. */
async function filesIn(outDir: string): Promise<string[]> {
  return (await readdir(outDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(outDir.length + 1))
    .map((path) => path.replaceAll('\\', '/'));
}

/** Puts the policy before everything that it applies to, and after the charset, which browsers expect in the first kilobyte. */
function withPolicy(html: string, connect: readonly string[]): string {
  const charset = '<meta charset="utf-8" />';
  if (!html.includes(charset)) throw new Error(`index.html lacks ${charset}`);
  const content = contentSecurityPolicy(connect);
  return html.replace(
    charset,
    `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${content}" />`,
  );
}

async function listFiles(outDir: string): Promise<Omit<OwnFiles, 'headers'>> {
  const paths = (await filesIn(outDir)).filter((path) => !NOT_OF_THE_PAGE.test(path)).sort();
  const files = await Promise.all(paths.map((path) => describe(outDir, path)));
  const version = files.map(({ path, sha256 }) => `${path} ${sha256}\n`).join('');
  const name = createHash('sha256').update(version).digest('hex').slice(0, 16);
  const page = join(outDir, PAGE);
  const html = (await readFile(page, 'utf8')).replace(/ *<meta name="inlay-build"[^>]*>\n/, '');
  const marked = html.replace('</head>', `  <meta name="inlay-build" content="${name}" />\n  </head>`);
  await writeFile(page, marked);
  return {
    build: name,
    page: marked,
    shell: files.filter(({ path }) => path !== PAGE && !LARGE.test(path)),
    large: files.filter(({ path }) => LARGE.test(path) && !KEPT_ELSEWHERE.test(path)),
  };
}

async function describe(outDir: string, path: string): Promise<OwnFile> {
  const sha256 = createHash('sha256')
    .update(await readFile(join(outDir, path)))
    .digest('base64');
  return { path, sha256, hashed: HASHED.test(path) };
}

/** Builds one classic script: not every browser runs modules in service workers. */
async function buildServiceWorker(root: string, outDir: string, files: OwnFiles): Promise<void> {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    define: {
      __OWN_FILES__: JSON.stringify(files),
      'process.env.NODE_ENV': '"production"',
    },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      lib: {
        entry: join(root, 'src/sw/main.ts'),
        formats: ['iife'],
        name: 'inlay',
        fileName: () => 'sw.js',
      },
    },
  });
}

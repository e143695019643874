/** Faults of the engine in the published page, and of the URLs that models come from. */
import { join } from 'node:path';
import type { Worker } from '@playwright/test';
import { build, preview } from 'vite';
import { folderFiles } from '../../test/support/hub/files';
import { type Hub, startHub } from '../../test/support/hub/hub';
import type { EditorPage } from '../../test/support/pages/editorPage';
import { button, keptLine } from '../../test/support/pages/modelPanel';
import { type Addresses, type Misbehaviour, startAddresses } from './addresses';
import { alertOf, faulty, type Harm, type Person } from './person';
import { TINY } from './programs';
import { check, type Group, type Kind, pause, until, within } from './report';

const ID = 'golden/sd15-inpaint';
/** The same files under another name, which the page has not fetched yet. */
const OTHER = 'golden/another';
const UNET = 'unet/diffusion_pytorch_model.safetensors';

/** Starts a run of many steps and waits until its middle. @returns the worker that runs the model */
async function atWork(editor: EditorPage): Promise<Worker> {
  await editor.steps.fill('150');
  await editor.generate.click();
  await editor.page
    .getByText(/[1-9]\d* of 150/)
    .first()
    .waitFor();
  // Helper threads of another worker do not answer.
  const named = editor.page.workers().map(async (worker) => {
    if ((await worker.evaluate(() => self.name)) === 'inlay-engine') return worker;
    throw new Error('another');
  });
  return within(20_000, 'the worker that paints', Promise.any(named));
}

function kinds(url: string, hub: Hub, addresses: Addresses): Kind[] {
  const kind = (
    name: string,
    harm: (person: Person, editor: EditorPage) => Promise<Harm>,
    model?: string,
  ): Kind => ({
    name,
    run: () =>
      faulty(url, harm, {
        prepare: (page) => page.addInitScript((hubUrl) => localStorage.setItem('inlay.hub', hubUrl), hub.url),
        ...(model !== undefined && { model }),
      }),
  });
  /** A download that does not end by itself: the user cancels it, then finishes it once the hub works again. */
  const download = (name: string, fault: Parameters<Hub['faults']['add']>[0]) =>
    kind(name, async (_person, editor) => {
      const { page } = editor;
      hub.faults.add(fault);
      const asked = hub.log.length;
      await editor.model.fill(OTHER);
      await button(page, 'Download model').click();
      const ofUnet = () =>
        hub.log.slice(asked).filter(({ url: at, origin }) => origin === 'content' && at.includes('unet'));
      await until(() => ofUnet().length > 2, 'the download');
      await pause(2000);
      const since = performance.now();
      await button(page, 'Pause download').click();
      await button(page, 'Resume download').waitFor();
      const paused = ((performance.now() - since) / 1000).toFixed(1);
      hub.faults.clear();
      await button(page, 'Resume download').click();
      await keptLine(page).waitFor();
      return { told: `paused ${paused} s after “Pause”; “Resume” finishes it`, since };
    });
  const ofAddress = (how: Misbehaviour, file: string) =>
    kind(`Page: a model’s address is ${how} (${file})`, async (_person, editor) => {
      await editor.model.fill(addresses.of(how, file));
      const since = performance.now();
      const told = await alertOf(
        editor,
        /127\.0\.0\.1:\d+\/\w+\/.*(silent|answer|byte|came|large|more than)/i,
      );
      await until(() => addresses.open === 0, 'the end of the connection');
      await editor.model.fill(ID);
      return { told, since };
    });
  return [
    kind('Page: the worker that paints ends without a word', async (_person, editor) => {
      const worker = await atWork(editor);
      const since = performance.now();
      await worker.evaluate(() => self.close());
      return { told: await alertOf(editor, /The engine stopped/), since };
    }),
    kind('Page: the worker that paints throws what nobody catches', async (_person, editor) => {
      const worker = await atWork(editor);
      const since = performance.now();
      await worker.evaluate(
        () =>
          void setTimeout(() => {
            throw new Error('thrown by hand');
          }),
      );
      return { told: await alertOf(editor, /thrown by hand|The engine stopped/), since };
    }),
    kind('Page: the worker that paints hangs, and “Cancel” is pressed', async (_person, editor) => {
      const worker = await atWork(editor);
      const since = performance.now();
      worker
        .evaluate(() => {
          for (;;);
        })
        .catch(() => {});
      await editor.cancel.click();
      await editor.cancel.waitFor({ state: 'hidden' });
      return { told: 'nothing: the run ends as cancelled', since };
    }),
    download('Page: the weights’ address falls silent', {
      kind: 'stall',
      atByte: 300_000,
      path: UNET,
      origin: 'content',
      after: 2,
    }),
    download('Page: the weights’ address drips', {
      kind: 'slow',
      bytesPerSecond: 1000,
      path: UNET,
      origin: 'content',
      after: 2,
    }),
    ...(['silent', 'endless'] as const).map((how) => ofAddress(how, 'folder/')),
    ...(['silent', 'endless'] as const).map((how) => ofAddress(how, 'model.safetensors')),
  ];
}

export const engine: Group = {
  name: 'engine',
  async begin() {
    const files = await folderFiles(TINY);
    const hub = await startHub({
      repos: [
        { id: ID, files },
        { id: OTHER, files },
      ],
    });
    const outDir = join('.cache', 'bench', 'dist');
    if (!process.env.FAULTS_BUILT) await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
    const server = await preview({ logLevel: 'error', build: { outDir }, preview: { port: 0 } });
    const [origin] = server.resolvedUrls?.local ?? [];
    check(origin !== undefined, 'the page has no address');
    const addresses = await startAddresses();
    return {
      kinds: kinds(`${origin}?provider=wasm`, hub, addresses),
      async end() {
        await addresses.close();
        await hub.close();
        await server.close();
      },
    };
  },
};

/** Faults around the command line: the files in the user's folder before and after each. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderFiles } from '../../test/support/hub/files';
import { type Hub, startHub } from '../../test/support/hub/hub';
import { decode } from '../../test/support/pictures';
import { type Addresses, type Misbehaviour, startAddresses } from './addresses';
import { lastLine, mountDisk, type Program, startProgram, TINY } from './programs';
import { check, digestOf, type Group, type Kind, type Outcome, pause, type State, until } from './report';

const ID = 'golden/sd15-inpaint';

/** A user's folder: an image, a mask, and an earlier result at the path that the next run writes to. */
function personsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inlay-faults-'));
  copyFileSync('goldens/pictures/input-64x64.png', join(folder, 'picture.png'));
  copyFileSync('goldens/pictures/mask-64x64.png', join(folder, 'mask.png'));
  copyFileSync('goldens/pictures/input-64x64.png', join(folder, 'out.png'));
  return folder;
}

/** Every file with its digest; a half-written file would show as one more. */
function stateOf(folder: string): State {
  const names = readdirSync(folder).sort();
  return { files: names.map((name) => `${name} ${digestOf(readFileSync(join(folder, name)))}`) };
}

function start(
  folder: string,
  given: Record<string, string | number> = {},
  env: NodeJS.ProcessEnv = {},
): Program {
  const flags = {
    model: TINY,
    image: join(folder, 'picture.png'),
    mask: join(folder, 'mask.png'),
    prompt: 'a cat',
    out: join(folder, 'out.png'),
    steps: 1,
    seed: 5,
    threads: 1,
    ...given,
  };
  return startProgram(
    'cli.ts',
    Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
    env,
  );
}

const denoising = (program: Program) => until(() => /step [1-9]/i.test(program.stderr), 'the first steps');

/** A run with a fault, then an undisturbed one. @param harm resolves when the run has ended */
async function faulty(
  harm: (folder: string) => Promise<{ told: string; since: number }>,
  env = {},
  given = {},
): Promise<Outcome> {
  const folder = personsFolder();
  try {
    const before = stateOf(folder);
    const { told, since } = await harm(folder);
    const usableMs = performance.now() - since;
    const after = stateOf(folder);
    check(
      (after.files as string[]).length === (before.files as string[]).length,
      `something half-finished was left: ${after.files}`,
    );
    const started = performance.now();
    const next = start(folder, given, env);
    const code = await next.ended;
    check(code === 0, `the next run ended with ${code}: ${next.stderr}`);
    const picture = digestOf((await decode(join(folder, 'out.png'))).data);
    return { before, after, told, usableMs, next: `out.png ${picture} in ${seconds(started)}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A download that stalls in the middle of the UNet until the hub's faults are cleared. */
async function startHeld(hub: Hub, folder: string, env: NodeJS.ProcessEnv): Promise<Program> {
  const path = 'unet/.*safetensors';
  hub.faults.add({ kind: 'stall', atByte: 300_000, path, origin: 'content', after: 2 });
  const asked = hub.log.length;
  const program = start(folder, { model: ID }, env);
  const ofUnet = () =>
    hub.log.slice(asked).filter(({ url, origin }) => origin === 'content' && url.includes('unet'));
  // Two requests read the header.
  await until(() => ofUnet().length > 2, 'the download');
  await pause(1000);
  return program;
}

const seconds = (started: number) => `${((performance.now() - started) / 1000).toFixed(1)} s`;

function kinds(addresses: Addresses, hub: Hub, root: string): Kind[] {
  const ofAddress = (how: Misbehaviour): Kind => ({
    name: `Command line: the picture’s address is ${how}`,
    run: () =>
      faulty(async (folder) => {
        const program = start(folder, { image: addresses.of(how, 'picture.png') });
        await until(() => addresses.open > 0, 'the question');
        const since = performance.now();
        // A trickling response is slow, not silent, so the user has to cancel it.
        if (how === 'dripping') program.child.kill('SIGINT');
        const code = await program.ended;
        check(code !== 0, 'the run did not fail');
        await until(() => addresses.open === 0, 'the end of the connection');
        return { told: lastLine(program.stderr), since };
      }),
  });
  const ofSignal = (signal: 'SIGINT' | 'SIGKILL'): Kind => ({
    name: `Command line: ${signal} in the middle of a run`,
    run: () =>
      faulty(async (folder) => {
        const program = start(folder, { steps: 150 });
        await denoising(program);
        const since = performance.now();
        program.child.kill(signal);
        const code = await program.ended;
        check(code !== 0, 'the run did not end early');
        return { told: signal === 'SIGKILL' ? 'nothing can be said' : lastLine(program.stderr), since };
      }),
  });
  return [
    ...(['silent', 'dripping', 'endless'] as const).map(ofAddress),
    ...(['SIGINT', 'SIGKILL'] as const).map(ofSignal),
    {
      name: 'Command line: the disk of --out is full when the picture is done',
      async run() {
        const disk = join(root, 'out');
        const unmount = mountDisk(disk, 64);
        try {
          return await faulty(async (folder) => {
            copyFileSync(join(folder, 'out.png'), join(disk, 'out.png'));
            const had = digestOf(readFileSync(join(disk, 'out.png')));
            const program = start(folder, { out: join(disk, 'out.png'), steps: 60 });
            await denoising(program);
            fill(join(disk, 'filler'));
            const since = performance.now();
            const code = await program.ended;
            check(code !== 0, 'nothing was said of the disk');
            check(digestOf(readFileSync(join(disk, 'out.png'))) === had, 'the earlier result was harmed');
            check(readdirSync(disk).length === 2, `half a file was left: ${readdirSync(disk)}`);
            const refuge = /it was saved to (\S+) instead/.exec(program.stderr)?.[1];
            check(refuge !== undefined, `the image was not saved anywhere: ${program.stderr}`);
            const bytes = readFileSync(refuge ?? '');
            check(bytes.subarray(-8, -4).toString('latin1') === 'IEND', 'the image is incomplete');
            rmSync(refuge ?? '');
            return { told: lastLine(program.stderr), since };
          });
        } finally {
          unmount();
        }
      },
    },
    {
      name: 'Command line: the disk of the models is full in the midst of a download',
      async run() {
        const disk = join(root, 'models');
        const unmount = mountDisk(disk, 16 * 1024);
        const cache = join(root, 'roomy');
        try {
          return await faulty(
            async (folder) => {
              const env = { HF_ENDPOINT: hub.url, INLAY_CACHE: disk };
              const program = await startHeld(hub, folder, env);
              fill(join(disk, 'filler'));
              const since = performance.now();
              hub.faults.clear();
              const code = await program.ended;
              check(code !== 0, 'nothing was said of the disk');
              return { told: lastLine(program.stderr), since };
            },
            { HF_ENDPOINT: hub.url, INLAY_CACHE: cache },
            { model: ID },
          );
        } finally {
          unmount();
        }
      },
    },
    {
      name: 'Command line: killed in the midst of a download, with the model’s lock in hand',
      run: () => {
        const env = { HF_ENDPOINT: hub.url, INLAY_CACHE: join(root, 'killed') };
        return faulty(
          async (folder) => {
            const program = await startHeld(hub, folder, env);
            const since = performance.now();
            program.child.kill('SIGKILL');
            await program.ended;
            hub.faults.clear();
            return { told: 'nothing can be said', since };
          },
          env,
          { model: ID },
        );
      },
    },
    {
      name: 'Command line: the weights’ server falls silent in the midst of a download, and Ctrl+C',
      run: () => {
        const env = { HF_ENDPOINT: hub.url, INLAY_CACHE: join(root, 'silent') };
        return faulty(
          async (folder) => {
            const program = await startHeld(hub, folder, env);
            const since = performance.now();
            program.child.kill('SIGINT');
            await program.ended;
            hub.faults.clear();
            return { told: lastLine(program.stderr), since };
          },
          env,
          { model: ID },
        );
      },
    },
  ];
}

/** Fills the rest of a disk. */
function fill(path: string): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(1024), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

export const commandLine: Group = {
  name: 'command line',
  async begin() {
    const root = mkdtempSync(join(tmpdir(), 'inlay-faults-root-'));
    mkdirSync(root, { recursive: true });
    const addresses = await startAddresses();
    const hub = await startHub({ repos: [{ id: ID, files: await folderFiles(TINY) }] });
    return {
      kinds: kinds(addresses, hub, root),
      async end() {
        await addresses.close();
        await hub.close();
        rmSync(root, { recursive: true });
      },
    };
  },
};

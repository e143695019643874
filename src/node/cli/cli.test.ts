import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Pictures by diffusers: tools/goldens/pictures.py. */
const goldens = 'goldens/pictures';
const model = 'goldens/models/sd15-inpaint';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line as `npm run inpaint` does. */
function run(args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/node/cli/main.ts', ...args]);
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text) => {
      outcome.stdout += text;
    });
    child.stderr.on('data', (text) => {
      outcome.stderr += text;
    });
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

/** An image of one colour in the test's folder. */
async function picture(name: string, width: number, height: number, grey: number): Promise<string> {
  const path = join(folder, name);
  const background = { r: grey, g: grey, b: grey };
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(path);
  return path;
}

/** A mask that is white in its middle half. */
async function middleMask(name: string, width: number, height: number): Promise<string> {
  const path = join(folder, name);
  const white = {
    create: { width: width / 2, height: height / 2, channels: 3, background: 'white' },
  } as const;
  const inner = await sharp(white).png().toBuffer();
  const black = { create: { width, height, channels: 3, background: 'black' } } as const;
  await sharp(black)
    .composite([{ input: inner, left: width / 4, top: height / 4 }])
    .png()
    .toFile(path);
  return path;
}

describe('npm run inpaint', { timeout: 240_000 }, () => {
  it('gives diffusers’ picture, one line of JSON on standard output and progress on standard error', async () => {
    const { cases }: { cases: Record<string, string | number>[] } = JSON.parse(
      readFileSync(`${goldens}/cases.json`, 'utf8'),
    );
    const golden = cases.find(({ name }) => name === 'ddim-wide-guidance-1');
    if (golden === undefined) throw new Error('the golden case is gone');
    const out = join(folder, 'out.png');
    const outcome = await run([
      ...['--model', model, '--prompt', String(golden.prompt), '--out', out, '--no-paste-back'],
      ...['--image', `${goldens}/${golden.image}`, '--mask', `${goldens}/${golden.mask}`],
      ...[
        '--steps',
        String(golden.steps),
        '--guidance',
        String(golden.guidance),
        '--seed',
        String(golden.seed),
      ],
      ...['--scheduler', 'DDIM', '--threads', '1'],
    ]);
    expect(outcome.stderr).toContain('Generating: step 0 of 8');
    expect(outcome.code).toBe(0);
    expect(outcome.stdout.trim().split('\n')).toHaveLength(1);
    const answer = JSON.parse(outcome.stdout);
    expect(answer).toMatchObject({
      image: { content_type: 'image/png', file_name: 'out.png', width: 96, height: 64 },
      seed: 42,
      timings: { denoise: expect.any(Number), decode: expect.any(Number) },
    });
    expect(answer.image.file_size).toBe(readFileSync(out).byteLength);
    // The file says how it was made, but not where the model is stored.
    const { comments = [] } = await sharp(out).metadata();
    expect(comments.map(({ keyword }) => keyword)).toEqual(['parameters', 'inlay']);
    expect(comments[0]?.text).toContain('Sampler: DDIM, CFG scale: 1, Seed: 42, Size: 96x64');
    expect(JSON.parse(comments[1]?.text ?? '')).toMatchObject({
      request: { model_name: 'disk:sd15-inpaint', prompt: golden.prompt, seed: 42 },
      options: { scheduler: 'DDIM', width: 96, height: 64 },
    });
    const ours = await sharp(out).removeAlpha().raw().toBuffer();
    const theirs = await sharp(`${goldens}/${golden.output}`).removeAlpha().raw().toBuffer();
    let squares = 0;
    for (let i = 0; i < theirs.length; i++) squares += ((ours[i] ?? 0) - (theirs[i] ?? 0)) ** 2;
    expect(10 * Math.log10((255 ** 2 * theirs.length) / squares)).toBeGreaterThan(60);
  });

  it('teaches prompts the words of embeddings', async () => {
    const inversions = 'goldens/inversions';
    const { cases }: { cases: Record<string, string | number>[] } = JSON.parse(
      readFileSync(`${inversions}/cases.json`, 'utf8'),
    );
    const golden = cases.find(({ name }) => name === 'one');
    if (golden === undefined) throw new Error('the golden case is gone');
    const out = join(folder, 'words.png');
    const outcome = await run([
      ...[
        '--model',
        'goldens/models/sd15',
        '--prompt',
        String(golden.prompt).replace('<toy>', '<own>'),
        '--out',
        out,
      ],
      ...['--negative-prompt', String(golden.negativePrompt), '--no-paste-back', '--threads', '1'],
      ...['--embedding', `${inversions}/learned_embeds.bin:<own>`, '--embedding', `${inversions}/a1111.pt`],
      ...['--image', `${goldens}/${golden.image}`, '--mask', `${goldens}/${golden.mask}`],
      ...[
        '--steps',
        String(golden.steps),
        '--guidance',
        String(golden.guidance),
        '--seed',
        String(golden.seed),
      ],
    ]);
    expect(outcome.code, outcome.stderr).toBe(0);
    const ours = await sharp(out).removeAlpha().raw().toBuffer();
    const theirs = await sharp(`${goldens}/${golden.output}`).removeAlpha().raw().toBuffer();
    const most = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? 0))), 0);
    expect(most).toBeLessThanOrEqual(1);
    const { comments = [] } = await sharp(out).metadata();
    expect(JSON.parse(comments[1]?.text ?? '').options.embeddings).toEqual([
      { source: 'learned_embeds.bin', token: '<own>', isFile: true },
      { source: 'a1111.pt', isFile: true },
    ]);

    const none = await run([
      ...[
        '--model',
        'goldens/models/sd15',
        '--prompt',
        '<x>',
        '--out',
        out,
        '--embedding',
        `${inversions}/xl.safetensors`,
      ],
      ...['--image', `${goldens}/${golden.image}`, '--mask', `${goldens}/${golden.mask}`, '--steps', '1'],
    ]);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/embedding goldens\/inversions\/xl\.safetensors: it is made for a width of/);
  });

  it('pastes the result back into the picture: outside the mask nothing changes', async () => {
    const image = await picture('photo.png', 96, 64, 128);
    const mask = await middleMask('mask.png', 96, 64);
    const paint = async (name: string, ...more: string[]) => {
      const out = join(folder, name);
      const args = ['--model', model, '--image', image, '--mask', mask, '--prompt', 'a cat', '--out', out];
      const outcome = await run([...args, '--steps', '1', '--seed', '5', '--scheduler', 'DDIM', ...more]);
      expect(outcome.code, outcome.stderr).toBe(0);
      return sharp(out).removeAlpha().raw().toBuffer();
    };
    const before = await sharp(image).raw().toBuffer();
    const after = await paint('pasted.png');
    const unmatched = await paint('unmatched.png', '--no-colour-match');
    const differ = (one: Buffer, other: Buffer) => {
      let inside = 0;
      for (let y = 0; y < 64; y++) {
        for (let x = 0; x < 96; x++) {
          const at = (y * 96 + x) * 3;
          const differs = one.compare(other, at, at + 3, at, at + 3) !== 0;
          const masked = x >= 24 && x < 72 && y >= 16 && y < 48;
          if (!masked) expect(differs, `pixel ${x}, ${y}`).toBe(false);
          else if (differs) inside++;
        }
      }
      return inside;
    };
    expect(differ(before, after)).toBeGreaterThan(1000);
    expect(differ(before, unmatched)).toBeGreaterThan(1000);
    expect(differ(after, unmatched)).toBeGreaterThan(1000);
  });

  it.each([
    [
      'missing arguments',
      ['--image', 'x.png'],
      /^--model, --mask, --prompt and --out are missing \(see --help\)\n$/,
    ],
    [
      'an unknown argument',
      ['--promt', 'x'],
      /^there is no option --promt; did you mean --prompt\? \(see --help\)\n$/,
    ],
    ['a negative seed', ['--seed', '-1'], /^--seed: must be a whole number from 0 to 9007199254740991\n$/],
    ['an option without its value', ['--steps', '--seed', '1'], /--steps needs a value before --seed/],
    ['words without quotes', ['cat'], /"cat" belongs to no option/],
    ['both ways of cropping', ['--crop-padding', '8', '--no-crop'], /exclude each other/],
    [
      'a file that is not there',
      ['--seed', '1'],
      /^--image: a\.png cannot be opened: there is no such file\n$/,
    ],
    ['steps out of range', ['--steps', '151'], /--steps: must be a whole number from 0 to 150/],
    ['guidance out of range', ['--guidance', '21'], /--guidance: must be a number from 0 to 20/],
    ['a value that is no number', ['--seed', 'lucky'], /--seed: "lucky" is not a number/],
  ])('answers %s with exit code 2 and a message that names it', async (_what, wrong, message) => {
    const complete = [
      '--model',
      model,
      '--image',
      'a.png',
      '--mask',
      'b.png',
      '--prompt',
      'x',
      '--out',
      'c.png',
    ];
    const outcome = await run(wrong[0] === '--image' ? wrong : [...complete, ...wrong]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toBe('');
  });

  it('names the file that is no picture, and a mask of another size with both sizes', async () => {
    const image = await picture('large.png', 96, 64, 100);
    const text = join(folder, 'text.png');
    writeFileSync(text, 'not a picture');
    const rest = ['--prompt', 'x', '--out', join(folder, 'never.png')];
    const noPicture = await run(['--model', model, '--image', text, '--mask', image, ...rest]);
    expect(noPicture.stderr).toMatch(/--image: .*text\.png is not an image that can be read/);
    expect(noPicture.code).toBe(2);
    const drawing = join(folder, 'drawing.png');
    writeFileSync(drawing, '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>');
    const refused = await run(['--model', model, '--image', drawing, '--mask', text, ...rest]);
    expect(refused.stderr).toMatch(/--image: .*drawing\.png is SVG/);
    expect(refused.code).toBe(2);
    const small = await picture('small.png', 64, 64, 255);
    const otherSize = await run(['--model', model, '--image', image, '--mask', small, ...rest]);
    expect(otherSize.stderr).toMatch(/--mask: the mask is 64 × 64 pixels, the image 96 × 64/);
    expect(otherSize.code).toBe(2);
  });

  it('names the truncated file of a damaged checkpoint and writes nothing', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(model, damaged, { recursive: true });
    truncateSync(join(damaged, 'unet/diffusion_pytorch_model.safetensors'), 100_000);
    const image = await picture('whole.png', 64, 64, 100);
    const mask = await middleMask('middle.png', 64, 64);
    const out = join(folder, 'nothing.png');
    const outcome = await run([
      '--model',
      damaged,
      '--image',
      image,
      '--mask',
      mask,
      '--prompt',
      'x',
      '--out',
      out,
    ]);
    expect(outcome.stderr).toMatch(
      /unet\/diffusion_pytorch_model\.safetensors: tensor ".*" ends past the end of the file/,
    );
    expect(outcome.code).toBe(1);
    expect(() => readFileSync(out)).toThrow();
  });
});
